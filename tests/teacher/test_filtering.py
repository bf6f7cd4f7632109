"""What becomes of a rationale: each rule, the order of the reasons, the flags and the counts."""

from __future__ import annotations

import pytest

from kpod.errors import InputError
from kpod.records import Question
from kpod.teacher import REASONS, Rules, filter_rationales
from kpod.teacher.filtering import ACTIONS
from kpod.teacher.findings import NEAR_QUESTION

PENS = "Mina has 2 pens and buys 3 more at the shop around the corner. How many pens has she then?"
LONG = (
    "She had 2 pens when she went to the shop around the corner. There she bought 3 pens more than she had before. "
    "So she has 2 + 3 = 5 pens in all."
)


def question(name, rationale, correct=True, text="How many pens?", answer="5", **more):
    return Question(id=name, text=text, answer=answer, rationale=rationale, teacher_correct=correct, **more)


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


def found(report):
    return {each.reason: each.found for each in report.reasons if each.found}


def test_filter_drops_and_counts_by_reason():
    kept, report = filter_rationales(QUESTIONS)
    assert ids(kept) == "afg"
    assert report.dropped == {"no rationale": 2, "only the answer": 0, "wrong answer": 2, "truncated": 0, "repeated": 1}
    assert (report.questions, report.kept) == (8, 3) and 3 + sum(report.dropped.values()) == 8
    assert found(report) == {"no rationale": 2, "wrong answer": 2, "answer unknown": 3, "repeated": 1, NEAR_QUESTION: 2}
    assert next(each for each in report.reasons if each.reason == "wrong answer").examples == ("d", "h")


def test_wrong_rationales_can_be_kept_or_flagged():
    kept, report = filter_rationales(QUESTIONS, Rules(wrong_rationales="keep", near_duplicates="keep"))
    assert ids(kept) == "adfg" and report.dropped["repeated"] == 2 and "wrong answer" not in report.dropped
    assert all(not each.flags for each in kept)
    kept, _ = filter_rationales(QUESTIONS, Rules(wrong_rationales="flag", near_duplicates="keep"))
    assert {each.id: each.flags for each in kept} == {"a": (), "d": ("wrong answer",), "f": (), "g": ()}


def test_the_first_reason_counts_and_every_finding_is_told():
    broken = question("x", "So she has 2 +", False)
    _, report = filter_rationales([broken])
    assert report.dropped["wrong answer"] == 1 and report.dropped["truncated"] == 0
    assert found(report) == {"wrong answer": 1, "truncated": 1}
    _, report = filter_rationales([broken], Rules(wrong_rationales="keep"))
    assert report.dropped["truncated"] == 1
    kept, _ = filter_rationales([broken], Rules(wrong_rationales="flag", truncated="flag"))
    assert kept[0].flags == ("wrong answer", "truncated")


def test_answer_sentences_are_stripped_dropped_or_kept():
    stated, only = question("s", f"{LONG} The answer is 5."), question("o", "The answer is 5.", text=PENS)
    kept, report = filter_rationales([stated, only])
    assert [each.rationale for each in kept] == [LONG] and report.dropped["only the answer"] == 1
    assert found(report) == {"only the answer": 1, "answer sentence": 2}
    assert filter_rationales([stated, only], Rules(leaked_answers="drop"))[0] == []
    assert filter_rationales([stated, only], Rules(leaked_answers="keep"))[0] == [stated, only]
    # What differed only by the sentence is the same without it.
    kept, report = filter_rationales([question("p", LONG), stated])
    assert ids(kept) == "p" and report.dropped["repeated"] == 1


def test_conclusions_in_front_of_their_reasons():
    early = question("e", "Mina has 5 pens. To see why: 2 + 3 = 5.", text=PENS)
    kept, _ = filter_rationales([early])
    assert kept[0].flags == ("answer first",)
    assert filter_rationales([early], Rules(early_answers="drop"))[0] == []
    assert filter_rationales([early], Rules(early_answers="keep"))[0] == [early]


def test_near_duplicates():
    first, again = question("q", LONG, text=PENS), question("q#2", LONG.replace("around", "round"), text=PENS)
    other = question("r", "2 + 3 = 5", text=PENS.replace("Mina", "Lena"))
    kept, report = filter_rationales([first, again, other])
    assert [each.flags for each in kept] == [(), ("near-identical rationale",), ("near-identical question",)]
    kept, report = filter_rationales([first, again, other], Rules(near_duplicates="drop"))
    assert ids(kept) == "q" and report.dropped["near-identical question"] == 1
    # A duplicate of what is dropped itself duplicates nothing any more.
    wrong = question("q", LONG, False, text=PENS)
    assert filter_rationales([wrong, again], Rules(near_duplicates="drop"))[0] == [again]


def test_the_report_in_words_and_values():
    _, report = filter_rationales(QUESTIONS)
    text = report.text()
    assert text.startswith("3 of 8 questions are kept.") and "25.0%" in text and "d, h" in text
    assert "truncated" not in text  # nothing was found
    values = report.to_dict()
    assert [row["reason"] for row in values["reasons"]] == list(REASONS)
    assert values["reasons"][0]["share"] == 0.25 and values["reasons"][0]["meaning"] == REASONS["no rationale"]
    assert filter_rationales(QUESTIONS[:1])[1].text() == "1 of 1 questions are kept. Nothing was found."


def test_nothing_in_nothing_out():
    kept, report = filter_rationales([])
    assert kept == [] and not any(report.dropped.values()) and report.share(0) == 0.0


@pytest.mark.parametrize(
    "name", ["wrong_rationales", "truncated", "early_answers", "near_duplicates", "leaked_answers"]
)
def test_rules_that_do_not_exist(name):
    with pytest.raises(InputError, match=f"{name} is 'delete'; allowed are .*drop"):
        Rules(**{name: "delete"})
    assert getattr(Rules(**{name: "drop"}), name) == "drop"


def test_every_reason_has_an_action():
    assert list(Rules().actions) == list(REASONS)
    assert set(Rules().actions.values()) <= {*ACTIONS, "strip"}
