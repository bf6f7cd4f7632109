"""LogiQA (Liu et al. 2020): a context, a question and four options, one letter.

Officially: `context`, `query`, `options`, `correct_option` counted from 0.
"""

from __future__ import annotations

from kpod.tasks.files import Row
from kpod.tasks.lettered import letter_task


def adapt(row: Row, number: int) -> Row:
    if "query" not in row or "correct_option" not in row:
        return row
    return {
        "id": f"logiqa-{number:04d}",
        **row,
        "question": row["query"],
        "choices": row.get("options"),
        "answer": chr(ord("A") + int(row["correct_option"])),
    }


TASK = letter_task("logiqa", "LogiQA", adapt)
