"""GSM8K (Cobbe et al. 2021): grade-school problems of several steps, numeric answers.

Officially `question` and `answer`, the answer being the rationale, with calculator notes, and the number:
    "Tom packs 3*4=<<3*4=12>>12 pens.\\n#### 12"
"""

from __future__ import annotations

import re

from kpod.tasks.files import Row
from kpod.tasks.numeric import numeric_task

_CALCULATOR_NOTE = re.compile(r"<<[^<>]*>>")


def adapt(row: Row, number: int) -> Row:
    """Rationale and answer apart, without the calculator's notes; ids by the row's number."""
    answer = row.get("answer")
    if not isinstance(answer, str) or "####" not in answer or row.get("rationale") is not None:
        return row
    rationale, _, final = answer.rpartition("####")
    return {
        "id": f"gsm8k-{number:05d}",
        "rationale_source": "human",
        "correct": True,  # the answer is read off the rationale's own end
        **row,
        "rationale": _CALCULATOR_NOTE.sub("", rationale).strip(),
        "answer": final.strip(),
    }


TASK = numeric_task("gsm8k", "GSM8K", adapt)
