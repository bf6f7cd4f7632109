"""What tests of training share: a tiny student in memory, and encoded examples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kpod.preparation import encode_question
from kpod.prompts import EncodedExample
from kpod.records import Question
from kpod.students import loading
from kpod.students.registry import Family
from tests.support.made_problems import make_problems


def load_student(folder: Path, dtype: str = "float32") -> tuple[Any, Any]:
    """Model and tokenizer, of either family."""
    return loading.load_student(folder, dtype=dtype, device="cpu")


def encoded_examples(
    tokenizer: Any, count: int, longest: int = 10_000, family: Family = "decoder_only"
) -> list[EncodedExample]:
    """The first `count` made problems, with rationales of at most `longest` characters."""
    problems = [problem for problem in make_problems(200) if len(problem.rationale) <= longest][:count]
    questions = [Question(str(number), each.text, each.answer, each.rationale) for number, each in enumerate(problems)]
    return [encode_question(question, tokenizer, "sentence", family).encoded for question in questions]
