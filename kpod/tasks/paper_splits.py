"""The paper's train, dev and test (Table 4) by question id, where they divide the official splits further.

    GSM8K           7,473 / 660 / 659       its official test set is halved
    CommonsenseQA   8,520 / 1,221 / 1,221   its train set gives the dev set, its official dev set is the test set
    SVAMP           700 / 150 / 150         its test set is halved
    ASDiv           1,533 / 313 / 314       of 2,305 questions; 145 that are in no split of the paper are "unassigned"

`paper_splits.json` lists them, for no rule was found: no order, and for the halves of GSM8K and SVAMP none of Python's
and NumPy's shuffles with seeds 0 to 2,999. It holds positions in GSM8K's official test set from 0, numbers of SVAMP's
"chal-N" and of ASDiv's "nluds-N", and the last seven characters of CommonsenseQA's ids, by which no other of its train
set is taken. The paper trains on 1,462 questions of ASDiv; which 71 of the 1,533 it leaves out is not stated.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

_KEY_CHARACTERS = 7  # of an id of CommonsenseQA


def paper_split(task: str, official_split: str, key: int | str) -> str | None:
    """The paper's split of a question; None where the paper divides nothing and the official split stands.

    key: GSM8K's position within its official split, from 0; the number in SVAMP's and ASDiv's ids; CommonsenseQA's id.
    official_split: as the hub names it; "validation" is CommonsenseQA's dev set.
    """
    match task, official_split:
        case "gsm8k", "test":
            return _listed(task, key, otherwise="test")
        case "svamp", "test" | "train":
            return _listed(task, key, otherwise="train")
        case "asdiv", _:
            return _listed(task, key, otherwise="train")
        case "commonsense_qa", "train":
            return _listed(task, str(key)[-_KEY_CHARACTERS:], otherwise="train")
        case "commonsense_qa", "validation" | "dev":
            return "test"
    return None


def _listed(task: str, key: int | str, otherwise: str) -> str:
    return next((split for split, keys in _lists()[task].items() if str(key) in keys), otherwise)


@cache
def _lists() -> dict[str, dict[str, frozenset[str]]]:
    content = json.loads(Path(__file__).with_name("paper_splits.json").read_text(encoding="utf-8"))
    return {
        task: {split: frozenset(" ".join(lines).split()) for split, lines in splits.items()}
        for task, splits in content.items()
    }
