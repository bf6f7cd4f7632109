"""Metrics are read once each, whatever happens to the file meanwhile."""

from __future__ import annotations

import json
import os

from kpod.metrics_tail import MetricsTail


def line(step: int, stage: str = "distill") -> str:
    return json.dumps({"stage": stage, "step": step}) + "\n"


def steps(tail: MetricsTail, stage: str = "distill") -> list[int]:
    return [row["step"] for row in tail.rows().get(stage, [])]


def test_a_growing_file(tmp_path):
    path = tmp_path / "metrics.jsonl"
    tail = MetricsTail(path)
    assert tail.rows() == {}
    path.write_text(line(1) + line(1, "weights") + '{"stage": "distill", "st')
    assert (steps(tail), steps(tail, "weights")) == ([1], [1])
    with open(path, "a") as file:
        file.write('ep": 2}\n' + line(3))
    assert steps(tail) == [1, 2, 3] == steps(tail)


def test_a_rewritten_file_is_read_anew(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text(line(1) + line(2) + line(3))
    tail = MetricsTail(path)
    assert steps(tail) == [1, 2, 3]
    other = tmp_path / "other"
    other.write_text(line(1) + line(9) + line(9) + line(9))
    os.replace(other, path)
    assert steps(tail) == [1, 9, 9, 9]
    path.write_text(line(5))
    assert steps(tail) == [5]
    path.unlink()
    assert tail.rows() == {}


def test_rubbish_between_lines_is_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(line(1).encode() + b'{"stage": "distill", "step"' + b"\n\xff\n[1]\nnull\n" + line(2).encode())
    assert steps(MetricsTail(path)) == [1, 2]


def test_what_was_read_is_not_read_again(tmp_path, monkeypatch):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(line(step) for step in range(1000)))
    tail = MetricsTail(path)
    assert len(steps(tail)) == 1000
    parsed = []
    real = json.loads
    monkeypatch.setattr(json, "loads", lambda text: parsed.append(text) or real(text))
    with open(path, "a") as file:
        file.write(line(1000))
    assert len(steps(tail)) == 1001 and len(parsed) == 1
