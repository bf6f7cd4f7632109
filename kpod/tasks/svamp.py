"""SVAMP (Patel et al. 2021): one-step problems with misleading numbers, numeric answers.

Officially: `ID`, `Body`, `Question`, `Answer` (a number), `Equation`.
"""

from __future__ import annotations

from kpod.tasks.files import Row
from kpod.tasks.numeric import numeric_task


def adapt(row: Row, number: int) -> Row:
    if "Body" not in row or "Question" not in row:
        return row
    body = str(row["Body"]).strip()
    joint = " " if body.endswith((".", ",", "?", "!")) else ", "
    return {
        "id": f"svamp-{row.get('ID', number)}",
        **row,
        "question": f"{body}{joint}{str(row['Question']).strip()}",
        "answer": row.get("Answer"),
    }


TASK = numeric_task("svamp", "SVAMP", adapt)
