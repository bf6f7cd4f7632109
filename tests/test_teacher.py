from kpod.records import Question
from kpod.teacher import filter_rationales


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
