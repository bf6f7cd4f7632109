"""The small world as a file, and as a data source written in one line."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks.small_world.options import WorldOptions
from kpod.tasks.small_world.problems import Problem, generate_problems

PREFIX = "small_world:"
LARGEST_SET = 100_000
_COUNTS = {"train": 400, "test": 200, "seed": 1}


def write_questions(path: str | Path, problems: Sequence[Problem]) -> None:
    """JSON Lines that `load_questions` reads, with roles, step drivers, story, plan and number of steps besides."""
    path = Path(path)
    if path.suffix not in (".jsonl", ".ndjson"):
        raise InputError(f"{path} ends in {path.suffix or 'nothing'!r}; problems are written as .jsonl.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        for problem in problems:
            file.write(json.dumps(row_of(problem), ensure_ascii=False) + "\n")
    temporary.replace(path)


def row_of(problem: Problem) -> dict[str, Any]:
    """The fields of our format, and what is known besides."""
    question = problem.question
    return {
        "id": question.id, "question": question.text, "answer": question.answer, "rationale": question.rationale,
        "split": question.split, "rationale_source": question.teacher, "correct": True, "num_steps": question.num_steps,
        "story": problem.story, "plan": problem.plan, "roles": [list(span) for span in question.roles or ()],
        "steps": [asdict(step) for step in problem.steps],
    }  # fmt: skip


def small_world_questions(spec: str) -> list[Question]:
    """The questions of a source such as `small_world:train=400,test=200,seed=1,max_steps=5`."""
    return [problem.question for problem in small_world_problems(spec)]


def problem_rows(spec: str) -> list[tuple[str, dict[str, Any]]]:
    """The same as the rows of a file, each with the place that it stands at."""
    return [(f"problem {number}", row_of(problem)) for number, problem in enumerate(small_world_problems(spec), 1)]


def small_world_problems(spec: str) -> list[Problem]:
    """The problems of a source written in one line: counts of train and test, a seed, and any of `WorldOptions`.

    `test_NAME=VALUE` sets an option for the test problems alone (longer rationales, more fillers). Test problems have
    plans of their own. Raises InputError that names what was not understood.
    """
    counts, common, test_only = _parsed(spec)
    seed = counts["seed"]
    training = generate_problems(counts["train"], 2 * seed, _options(common), split="train")
    seen = {problem.question.text for problem in training}
    held_out: list[Problem] = []
    if counts["test"]:
        # A few more than wanted, in case a question comes up in both.
        drawn = generate_problems(counts["test"] + 50, 2 * seed + 1, _options(common | test_only), split="test")
        held_out = [problem for problem in drawn if problem.question.text not in seen][: counts["test"]]
    return training + held_out


def with_option(spec: str, name: str, value: str) -> str:
    """The same source with one setting added or replaced. Raises InputError where that is no source."""
    parts = [part.strip() for part in spec.removeprefix(PREFIX).split(",") if part.strip()]
    kept = [part for part in parts if part.partition("=")[0].strip() != name]
    changed = PREFIX + ",".join([*kept, f"{name}={value}"])
    _, common, test_only = _parsed(changed)
    _options(common), _options(common | test_only)  # told here, and not when the problems are made
    return changed


def _parsed(spec: str) -> tuple[dict[str, int], dict[str, Any], dict[str, Any]]:
    if not spec.startswith(PREFIX):
        raise InputError(f"{spec!r} is no small world; write {PREFIX}train=400,test=200,seed=1.")
    counts, common, test_only = dict(_COUNTS), {}, {}
    for part in filter(None, (part.strip() for part in spec.removeprefix(PREFIX).split(","))):
        key, separator, text = (each.strip() for each in part.partition("="))
        if not separator:
            raise InputError(f"{spec!r}: {part!r} is no setting; write NAME=VALUE with commas between.")
        if key in counts:
            counts[key] = _whole_number(spec, key, text)
        elif key in _TYPES:
            common[key] = _value(spec, key, text)
        elif key.startswith("test_") and key.removeprefix("test_") in _TYPES:
            test_only[key.removeprefix("test_")] = _value(spec, key, text)
        else:
            allowed = ", ".join([*counts, *_TYPES])
            raise InputError(f"{spec!r}: there is no {key!r}. Known: {allowed}; test_NAME sets the test alone.")
    for key in ("train", "test"):
        if counts[key] > LARGEST_SET:
            raise InputError(f"{spec!r}: {key} is {counts[key]}; at most {LARGEST_SET} problems are made at once.")
    if counts["train"] + counts["test"] == 0:
        raise InputError(f"{spec!r} asks for no problem at all; give train or test a number.")
    return counts, common, test_only


_TYPES = {field.name: field.type for field in fields(WorldOptions)}


def _value(spec: str, key: str, text: str) -> Any:
    kind = _TYPES[key.removeprefix("test_")]
    if kind == "int":
        return _whole_number(spec, key, text)
    if kind == "float":
        try:
            return float(text)
        except ValueError:
            raise InputError(f"{spec!r}: {key} is {text!r}; it takes a number.") from None
    return tuple(text.split("+"))


def _whole_number(spec: str, key: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InputError(f"{spec!r}: {key} is {text!r}; it takes a whole number from 0.")
    return int(text)


def _options(values: dict[str, Any]) -> WorldOptions:
    return WorldOptions(**values)
