"""DROP (Dua et al. 2019), its numeric questions: reading a passage and counting or calculating.

Officially: `passage`, `question`, `answers_spans` with `spans`; the contrast set (Gardner et al. 2020) alike.
"""

from __future__ import annotations

from kpod.tasks.files import Row
from kpod.tasks.numeric import numeric_task


def adapt(row: Row, number: int) -> Row:
    if "passage" not in row:
        return row
    spans = (row.get("answers_spans") or {}).get("spans") or [None]
    return {"id": row.get("query_id", f"drop-{number}"), "answer": spans[0], **row, "context": row["passage"]}


TASK = numeric_task("drop", "DROP (numbers)", adapt)
