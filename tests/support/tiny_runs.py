"""Runs of the engine on a tiny student and made problems: in this process, or by the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from kpod.config import RunConfig, make_config
from tests.support.made_problems import make_problems

ROOT = Path(__file__).resolve().parent.parent.parent


def write_questions(path: Path, trained: int, measured: int) -> Path:
    """A file of made problems: the first `trained` of the split train, the others test, without rationales."""
    distinct = {problem.text: problem for problem in make_problems(2 * (trained + measured))}
    rows = []
    for number, problem in enumerate(list(distinct.values())[: trained + measured]):
        row = {"id": f"p{number:02d}", "question": problem.text, "answer": problem.answer}
        if number < trained:
            row |= {"rationale": problem.rationale, "teacher": "made", "correct": True}
        rows.append(row | {"split": "train" if number < trained else "test"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def tiny_config(source: Path, student: Path, /, **sections: Any) -> RunConfig:
    """A run that takes seconds; `sections` replace or add settings, as in distillation={"epochs": 2}."""
    values: dict[str, Any] = {
        "name": "Tiny",
        "data": {"source": str(source), "task": "arithmetic"},
        "student": {"name": str(student), "dtype": "float32", "device": "cpu"},
        "weights": {"epochs": 2, "warmup_epochs": 1, "batch_size": 4, "lora_rank": 4},
        "clustering": {"num_clusters": 1, "embedding": "tfidf"},
        "distillation": {"epochs": 2, "batch_size": 2, "learning_rate": 2e-3, "lora_rank": 4},
        "evaluation": {"max_new_tokens": 8},
    }
    for name, value in sections.items():
        values[name] = values.get(name, {}) | value if isinstance(value, dict) else value
    return make_config(values)


def kpod_command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "kpod", *map(str, arguments)]


def kpod_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def run_kpod(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m kpod ARGUMENTS`, whatever its exit status."""
    return subprocess.run(
        kpod_command(*arguments),
        env=kpod_environment() | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
