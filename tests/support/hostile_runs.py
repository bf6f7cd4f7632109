"""Every hostile case of a run in one place: its names, what its files may be, and how a folder may go while it is open.

`python -m tests.support.hostile_runs FOLDER` makes a runs folder of all of them, to look at the app with.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kpod.run_state import FORMAT_VERSION
from tests.support.made_run import HOSTILE_NAME, HOSTILE_TEXTS, make_run

Damage = Callable[[Path], object]

NAMES = (
    HOSTILE_NAME,
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<style>*{display:none}</style>",
    "<svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "C:\\windows\\system32",
    "{{7*7}} ${7*7} %s",
    ":red[red] :material/home: $x^2$ **b**",
    "![x](http://example.org/x.png) [x](javascript:alert(1))",
    "\u202etxt.exe\u202c \u2066x\u2069",
    "\u200b\ufeff",
    "tab\tnew\nline\rreturn",
    "\x1b[31mred\x1b[0m \x07\x00\x9b",
    "=HYPERLINK(1)",
    "a" * 120,
    "مرحبا 日本語 👩‍👩‍👧 e\u0301",
    "&lt;b&gt; &amp; 'q' \"q\" `c`",
)
"""Names of runs."""


def set_state(**changes: Any) -> Damage:
    """run.json with other values; a name with dots leads inside."""

    def damage(folder: Path) -> None:
        path = folder / "run.json"
        values = json.loads(path.read_text())
        for name, value in changes.items():
            *above, last = name.split("__")
            parent = values
            for key in above:
                parent = parent.setdefault(key, {})
            parent[last] = value
        path.write_text(json.dumps(values))

    return damage


def _bytes(name: str, content: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content) and None


def _cut(name: str, share: float = 0.6) -> Damage:
    def damage(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(share * len(content))])

    return damage


def _gone(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def _link(name: str, target: str = "/etc/passwd") -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return damage


def _folder(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return damage


def _pipe(name: str) -> Damage:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return damage


def _table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / f"{name}.parquet"
        change(pd.read_parquet(path)).to_parquet(path)

    return damage


def _config(before: str, after: str) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "config.yaml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after, 1))

    return damage


UNREADABLE: dict[str, Damage] = {
    "state: empty": _bytes("run.json", b""),
    "state: half written": _cut("run.json"),
    "state: no text": _bytes("run.json", b"\xff\xfe\x00"),
    "state: a list": _bytes("run.json", b"[]"),
    "state: null": _bytes("run.json", b"null"),
    "state: no values": _bytes("run.json", b"{}"),
    "state: too deep": _bytes("run.json", b"[" * 100_000),
    "state: newer": set_state(format_version=FORMAT_VERSION + 1),
    "state: version as text": set_state(format_version="<b>9</b>"),
    "state: hostile status": set_state(status="<img src=x onerror=alert(1)>"),
    "state: empty id": set_state(id=""),
    "state: name a number": set_state(name=7),
    "state: half a character": set_state(name="\ud800"),
    "state: accuracy as text": set_state(summary__accuracy="all"),
    "state: endless time": set_state(stages__prepare__seconds=float("inf")),
    "state: time as markup": set_state(stages__prepare__seconds="<b>1</b>"),
    "state: rate as text": set_state(progress={"stage": "distill", "done": 1, "total": 2, "rate": "<b>fast</b>"}),
    "state: a link out": _link("run.json"),
    "settings: missing": _gone("config.yaml"),
    "settings: empty": _bytes("config.yaml", b""),
    "settings: half written": _cut("config.yaml", 0.4),
    "settings: no text": _bytes("config.yaml", b"\xff\xfe"),
    "settings: aliases": _bytes("config.yaml", b"a: &a [x, x]\nb: [*a, *a]\n"),
    "settings: a tag": _bytes("config.yaml", b"name: !!python/object/apply:os.system ['touch /tmp/evil']\n"),
    "settings: unknown": _bytes("config.yaml", b"name: x\n<script>: 1\n"),
    "settings: a link out": _link("config.yaml"),
    "table: a link out": _link("tokens.parquet"),
    "log: a link out": _link("log.txt"),
    "note: a link out": _link("notes.json"),
    "note: a pipe": _pipe("notes.json"),
    "metrics: a folder": _folder("metrics.jsonl"),
    "table: a folder": _folder("tokens.parquet"),
    "table: a pipe": _pipe("questions.parquet"),
}
"""Damages after which a run is not listed; the list says why, and every page shows another."""

ODD_STATES: dict[str, Damage] = {
    "status nobody knows": set_state(status="exploded"),
    "status nobody knows, and no tables": lambda folder: [
        set_state(status="exploded", stages={})(folder),
        *(path.unlink() for path in folder.glob("*.parquet")),
    ],
    "progress below nothing": set_state(
        status="running", progress={"stage": "<b>s</b>", "done": -5, "total": 3, "unit": "**u**"}
    ),
    "progress without end": set_state(status="running", progress={"stage": "distill", "done": 5, "total": 0}),
    "times of 10^300": set_state(
        status="running",
        progress={"stage": "distill", "done": 5, "total": 9, "seconds_left": 1e300, "rate": 1e-300},
        stages__prepare__seconds=1e300,
    ),
    "time below nothing": set_state(stages__prepare__seconds=-5.0, stages__prepare__peak_memory_bytes=-1),
    "hostile start": set_state(created_at="<img src=x onerror=alert(1)>\u202e"),
    "hostile stage": set_state(
        stages={
            "<img src=x onerror=alert(1)>": {
                "fingerprint": "<b>",
                "seconds": 1.0,
                "peak_memory_bytes": 1,
                "finished_at": "<b>",
            }
        }
    ),
    "hostile warning": set_state(warnings=["<script>alert(1)</script>\u202e", "x" * 100_000]),
    "hostile error": set_state(status="failed", error="<script>alert(1)</script>\x1b[31m"),
    "hostile figures": set_state(
        summary__embedding="<b>\u202e", summary__task="<script>", summary__cluster_terms="evil"
    ),
    "terms of no kind": set_state(summary__cluster_terms={"a": [1]}, summary__silhouette="<b>"),
    "counts below nothing": set_state(summary__questions=-1, summary__tokens=-5, summary__keep_rate=-3.0),
    "accuracy beyond all": set_state(
        summary__accuracy={"correct": -1, "questions": 0, "accuracy": 7.0, "low": 9.0, "high": -9.0, "no_answer": -1}
    ),
    "hostile settings": _config("source: made.jsonl", 'source: "<script>alert(1)</script>\\u202E"'),
    "method nobody knows": _config("method: kpod", 'method: "<img src=x onerror=alert(1)>"'),
    "settings of an older version": _config("wrong_rationales: drop", "keep_wrong_rationales: true"),
    "log of bytes": _bytes("log.txt", bytes(range(256)) * 50 + b"<script>alert(1)</script>"),
    "metrics of bytes": _bytes("metrics.jsonl", bytes(range(256)) * 20),
    "metrics of no kind": _bytes(
        "metrics.jsonl",
        b'[1]\nnull\n"x"\n{"stage": "distill", "step": "<b>", "loss": "<b>", "epoch": null}\n'
        b'{"stage": "distill", "step": 1, "loss": NaN, "learning_rate": 1e999}\n{"stage": {"a": 1}, "step": []}\n',
    ),
    "note of no kind": _bytes("notes.json", b'{"note": ["<script>"], "cluster_names": "<b>"}'),
    "hostile note": _bytes("notes.json", json.dumps({"note": "<script>alert(1)</script>\u202e\x00"}).encode()),
    "note too deep": _bytes("notes.json", b"[" * 100_000),
    "stale process": _bytes("process.json", b'{"pid": 1, "began": 0, "boot": "x", "host": "x", "starting": 1}'),
}
"""Runs that open: their states, settings, logs and notes are odd or hostile, and every page shows them."""

BROKEN_TABLES: dict[str, Damage] = {
    **{f"{name}: cut": _cut(f"{name}.parquet") for name in ("questions", "tokens", "schedule", "predictions")},
    **{f"{name}: empty file": _bytes(f"{name}.parquet", b"") for name in ("steps", "stages")},
    "weight_history: text": _bytes("weight_history.parquet", b"<script>alert(1)</script>"),
    "questions: gone": _gone("questions.parquet"),
    "tokens: a column lost": _table("tokens", lambda frame: frame.drop(columns="weight")),
    "questions: a column lost": _table("questions", lambda frame: frame.drop(columns="text")),
    "questions: no rows": _table("questions", lambda frame: frame.iloc[:0]),
    "tokens: no rows": _table("tokens", lambda frame: frame.iloc[:0]),
    "schedule: no rows": _table("schedule", lambda frame: frame.iloc[:0]),
    "predictions: no rows": _table("predictions", lambda frame: frame.iloc[:0]),
    "weight_history: no rows": _table("weight_history", lambda frame: frame.iloc[:0]),
    "tokens: of no question": _table("tokens", lambda frame: frame.assign(question_index=999, question="nobody")),
    "tokens: outside the text": _table("tokens", lambda frame: frame.assign(character_end=10**6)),
    "tokens: no numbers": _table("tokens", lambda frame: frame.assign(weight=np.nan, nll=np.nan)),
    "tokens: endless": _table("tokens", lambda frame: frame.assign(weight=np.inf, nll=-np.inf)),
    "tokens: weights as text": _table("tokens", lambda frame: frame.assign(weight="<b>")),
    "steps: difficulty endless": _table("steps", lambda frame: frame.assign(difficulty=np.inf)),
    "steps: of no question": _table("steps", lambda frame: frame.assign(question_index=-1)),
    "schedule: steps beyond all": _table("schedule", lambda frame: frame.assign(input_steps=10**9)),
    "stages: endless": _table("stages", lambda frame: frame.assign(budget=np.inf, supervised=np.nan)),
    "questions: ids twice": _table("questions", lambda frame: frame.assign(question="same")),
    "questions: nothing in them": _table("questions", lambda frame: frame.assign(text=None, answer=None)),
    "questions: places endless": _table("questions", lambda frame: frame.assign(x=np.inf, y=np.nan)),
    "questions: clusters of no kind": _table("questions", lambda frame: frame.assign(cluster=-(10**9))),
    "predictions: of no question": _table("predictions", lambda frame: frame.assign(question="nobody")),
    "predictions: hostile sets": _table("predictions", lambda frame: frame.assign(evaluation_set="<b>\u202e" * 99)),
    "predictions: nothing in them": _table("predictions", lambda frame: frame.assign(output=None, answer=None)),
    "difficulty_history: nan": _table("difficulty_history", lambda frame: frame.assign(difficulty=np.nan)),
}
"""Runs that open: one of their tables is damaged, or contradicts the others. What needs it says so."""

GOING: dict[str, Damage] = {
    "deleted": shutil.rmtree,
    "moved": lambda folder: os.rename(folder, folder.with_name(".elsewhere")),
    "state deleted": _gone("run.json"),
    "state cut": _cut("run.json"),
    "settings deleted": _gone("config.yaml"),
    "tables deleted": lambda folder: [path.unlink() for path in folder.glob("*.parquet")],
    "tables cut": lambda folder: [_cut(path.name)(folder) for path in folder.glob("*.parquet")],
}
"""What may befall a run's folder while a page shows it."""

NUM_CASES = sum(map(len, (HOSTILE_TEXTS, NAMES, UNREADABLE, ODD_STATES, BROKEN_TABLES, GOING)))


def make_cases(root: Path, cases: dict[str, Damage]) -> dict[str, str]:
    """A run a case in a folder of runs, and the case by the run's id."""
    made = {}
    pattern = make_run(root / ".pattern", count=14, name="Pattern")
    pattern.append_log("a line")
    for number, (case, damage) in enumerate(cases.items()):
        folder = root / f"case-{number:02d}"
        shutil.copytree(pattern.folder, folder)
        set_state(id=f"id-{number:02d}", name=f"Case {number}")(folder)
        damage(folder)
        made[f"id-{number:02d}"] = case
    shutil.rmtree(pattern.folder)
    return made


if __name__ == "__main__":
    everything = {f"name {number}": set_state(name=name) for number, name in enumerate(NAMES)}
    everything |= UNREADABLE | ODD_STATES | BROKEN_TABLES
    for run_id, name in make_cases(Path(sys.argv[1]), everything).items():
        print(run_id, name)
