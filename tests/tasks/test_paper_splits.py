"""The paper's splits: their sizes, and on the real data every question."""

import json
from collections import Counter

import pytest

from kpod.tasks.paper_splits import paper_split

CASES = {
    "gsm8k/test_human.jsonl": ("gsm8k", "test", {"dev": 660, "test": 659}),
    "svamp/svamp.jsonl": ("svamp", "test", {"train": 700, "dev": 150, "test": 150}),
    "asdiv/asdiv.jsonl": ("asdiv", "validation", {"train": 1533, "dev": 313, "test": 314, "unassigned": 145}),
    "csqa/train.jsonl": ("commonsense_qa", "train", {"train": 8520, "dev": 1221}),
    "csqa/dev.jsonl": ("commonsense_qa", "validation", {"test": 1221}),
}


def test_sizes_by_number():
    assert Counter(paper_split("gsm8k", "test", key) for key in range(1319)) == {"dev": 660, "test": 659}
    svamp = Counter(paper_split("svamp", "test", key) for key in range(1, 1001))
    assert svamp == {"train": 700, "dev": 150, "test": 150}
    asdiv = Counter(paper_split("asdiv", "validation", key) for key in range(1, 2306))
    assert asdiv == {"train": 1533, "dev": 313, "test": 314, "unassigned": 145}


def test_what_the_paper_does_not_divide():
    assert paper_split("gsm8k", "train", 5) is None
    assert paper_split("strategyqa", "test", 5) is None
    assert paper_split("commonsense_qa", "test", "0" * 32) is None


@pytest.mark.data
@pytest.mark.parametrize("name", CASES)
def test_every_question_of_the_real_data(shared_data, name):
    task, official, sizes = CASES[name]
    with (shared_data / name).open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    wanted = [row.get("kpod_split", row["split"]) or "unassigned" for row in rows]
    keys = [row["id"] if task == "commonsense_qa" else int(row["id"].rpartition("-")[2]) for row in rows]
    assert [paper_split(task, official, key) for key in keys] == wanted
    assert Counter(wanted) == sizes
