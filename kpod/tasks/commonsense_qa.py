"""CommonsenseQA (Talmor et al. 2019): five options, one letter.

Officially: `id`, `question`, `choices` as {"label": [...], "text": [...]}, `answerKey`.
"""

from __future__ import annotations

from kpod.tasks.files import Row
from kpod.tasks.lettered import letter_task


def adapt(row: Row, number: int) -> Row:
    return {**row, "answer": row["answerKey"]} if "answerKey" in row and "answer" not in row else row


TASK = letter_task("commonsense_qa", "CommonsenseQA", adapt)
