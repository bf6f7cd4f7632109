"""MultiArith (Roy and Roth 2015): problems of several steps, numeric answers.

Officially: `question`, `final_ans`.
"""

from __future__ import annotations

from kpod.tasks.files import Row
from kpod.tasks.numeric import numeric_task


def adapt(row: Row, number: int) -> Row:
    if "final_ans" not in row or "answer" in row:
        return row
    return {"id": f"multiarith-{number}", **row, "answer": row["final_ans"]}


TASK = numeric_task("multiarith", "MultiArith", adapt)
