import json

import pytest

from kpod.errors import InputError
from kpod.records import Question
from kpod.teacher import filter_rationales, steps_of_files


def question(name, rationale, correct=True, text="How many pens?"):
    return Question(id=name, text=text, answer="5", rationale=rationale, teacher_correct=correct)


QUESTIONS = [
    question("a", "2 + 3 = 5"),
    question("b", None, None),
    question("c", " \n", None),
    question("d", "2 + 3 = 6", False),
    question("e", "2 + 3\n= 5 "),
    question("f", "2 + 3 = 5", text="How many boxes?"),
    question("g", "Count them.", None),
    question("h", "2 + 3 = 6", False),
]


def ids(questions):
    return "".join(question.id for question in questions)


def test_filter_drops_and_counts_by_reason():
    kept, dropped = filter_rationales(QUESTIONS)
    assert ids(kept) == "afg"
    assert dropped == {"no rationale": 2, "wrong answer": 2, "repeated": 1}
    assert len(kept) + sum(dropped.values()) == len(QUESTIONS)


def test_wrong_rationales_can_be_kept():
    kept, dropped = filter_rationales(QUESTIONS, keep_wrong=True)
    assert ids(kept) == "adfg"
    assert dropped == {"no rationale": 2, "wrong answer": 0, "repeated": 2}


def test_nothing_in_nothing_out():
    assert filter_rationales([]) == ([], {"no rationale": 0, "wrong answer": 0, "repeated": 0})


def test_steps_of_files(tmp_path):
    rows = [{"rationale": "2 + 3 = 5. It costs $1.50."}, {"rationale": None}, {"rationale": "A\nB\nC"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"rationale": null}', encoding="utf-8")
    table = steps_of_files([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert table == [
        {"name": str(tmp_path / "a.jsonl"), "mode": "sentence", "rationales": 2, "mean": 2.5, "median": 2.5, "max": 3},
        {"name": str(tmp_path / "a.jsonl"), "mode": "paper", "rationales": 2, "mean": 2, "median": 2, "max": 3},
    ]
    with pytest.raises(InputError, match="no file"):
        steps_of_files([tmp_path / "none.jsonl"])


@pytest.mark.data
def test_steps_of_real_files(shared_data):
    """GSM8K people write a line a step; GPT-3.5 on SVAMP writes more lines than periods."""
    human, gpt = shared_data / "gsm8k/test_human.jsonl", shared_data / "svamp/train_gpt35_mcckd.jsonl"
    means = {(row["name"], row["mode"]): row["mean"] for row in steps_of_files([human, gpt])}
    assert means[str(human), "sentence"] == pytest.approx(3.69, abs=0.1)
    assert means[str(gpt), "sentence"] > 1.5 * means[str(gpt), "paper"]
