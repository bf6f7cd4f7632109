"""Steps of the rationales of files."""

from __future__ import annotations

import json

import pytest

from kpod.errors import InputError
from kpod.teacher import steps_of_files


def test_steps_of_files(tmp_path):
    rows = [{"rationale": "2 + 3 = 5. It costs $1.50."}, {"rationale": None}, {"rationale": "A\nB\nC"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"rationale": null}', encoding="utf-8")
    table = steps_of_files([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert table == [
        {"name": str(tmp_path / "a.jsonl"), "mode": "sentence", "rationales": 2, "mean": 2.5, "median": 2.5, "max": 3},
        {"name": str(tmp_path / "a.jsonl"), "mode": "paper", "rationales": 2, "mean": 2, "median": 2, "max": 3},
    ]
    with pytest.raises(InputError, match="no file"):
        steps_of_files([tmp_path / "none.jsonl"])


@pytest.mark.data
def test_steps_of_real_files(shared_data):
    """GSM8K people write a line a step; GPT-3.5 on SVAMP writes more lines than periods."""
    human, gpt = shared_data / "gsm8k/test_human.jsonl", shared_data / "svamp/train_gpt35_mcckd.jsonl"
    means = {(row["name"], row["mode"]): row["mean"] for row in steps_of_files([human, gpt])}
    assert means[str(human), "sentence"] == pytest.approx(3.69, abs=0.1)
    assert means[str(gpt), "sentence"] > 1.5 * means[str(gpt), "paper"]
