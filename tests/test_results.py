"""What a run's answers come to, held against numbers worked out by hand."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from kpod.results import (
    BASE,
    BOTH_RIGHT,
    BOTH_WRONG,
    DISTILLED,
    NO_ANSWER,
    ONLY_FIRST,
    ONLY_SECOND,
    RIGHT,
    WRONG,
    accuracy_by_steps,
    accuracy_table,
    answer_table,
    compare_many,
    costs_beside,
    csv_bytes,
    distilled,
    numbers_of_steps,
    pair,
    plain_twin,
    stage_costs,
)
from kpod.run_store import StageRecord
from kpod.statistics import wilson_interval
from tests.support.made_run import make_run

ENDING = "\nTherefore, the answer is 1."
QUESTIONS = pd.DataFrame(
    {
        "question": ["a", "b", "c", "d"],
        "text": ["A?", "B?", "C?", "D?"],
        "answer": ["1", "1", "1", "1"],
        "rationale": ["One. Two.", "One.", None, "One. Two."],
    }
)


def predictions(right: dict[int, str], without: str = "", evaluation_set: str = "set:test") -> pd.DataFrame:
    """`right`: which of a to d are right at each epoch; `without`: those that have no answer at all."""
    rows = [
        (evaluation_set, name, epoch, f"It is 1.{'' if name in without else ENDING}", name in letters, name in without)
        for epoch, letters in right.items()
        for name in "abcd"
    ]
    frame = pd.DataFrame(rows, columns=["evaluation_set", "question", "epoch", "output", "correct", "absent"])
    answers = [
        None if absent else "1" if right else "7" for absent, right in zip(frame.absent, frame.correct, strict=True)
    ]
    return frame.drop(columns="absent").assign(answer=pd.array(answers, dtype="string"))


def answers(right: str, **options) -> pd.DataFrame:
    return answer_table(predictions({0: "", 3: right}, **options), QUESTIONS)


def test_each_answer_has_its_outcome_and_its_question():
    table = answer_table(predictions({0: "a", 2: "abc", 3: "ab"}, without="d"), QUESTIONS)
    after = table[table["student"] == DISTILLED].set_index("question")
    assert len(table) == 8  # epoch 2 is neither before nor after
    assert after["outcome"].to_dict() == {"a": RIGHT, "b": RIGHT, "c": WRONG, "d": NO_ANSWER}
    assert after["num_steps"].fillna(-1).tolist() == [2, 1, -1, 2]
    assert after["unfinished"].tolist() == [False, False, False, True]
    assert after.loc["c", "rationale"] is None and after.loc["d", "answer"] is None
    assert (after.loc["a", "gold"], after.loc["a", "text"]) == ("1", "A?")


def test_accuracies_by_set_and_by_steps():
    both = pd.concat([answers("ab", without="d"), answers("abcd", evaluation_set="other:test")])
    table = accuracy_table(both)
    assert table[["evaluation_set", "student", "correct", "questions"]].to_numpy().tolist() == [
        ["set:test", BASE, 0, 4],
        ["set:test", DISTILLED, 2, 4],
        ["other:test", BASE, 0, 4],
        ["other:test", DISTILLED, 4, 4],
    ]
    last = table.iloc[1]
    assert (last["accuracy"], (last["low"], last["high"])) == (0.5, wilson_interval(2, 4))
    assert (last["no_answer"], last["unfinished"]) == (1, 1)
    by_steps = accuracy_by_steps(distilled(answers("ab")))
    assert by_steps[["num_steps", "correct", "questions"]].to_numpy().tolist() == [[1, 1, 1], [2, 1, 2]]


def test_what_the_data_say_of_steps_goes_before_the_rationale():
    counts = numbers_of_steps(QUESTIONS.assign(num_steps=pd.array([5, None, 4, None], dtype="Int32")))
    assert counts == [5, 1, 4, 2]  # c has no rationale


def test_questions_without_rationales_have_no_steps():
    table = answer_table(predictions({0: "", 3: "a"}), QUESTIONS.assign(rationale=None))
    assert accuracy_by_steps(table).empty


def test_a_question_that_the_run_does_not_know_is_shown_as_far_as_it_goes():
    table = answer_table(predictions({3: "a"}), QUESTIONS.iloc[:1])
    assert table["text"].tolist() == ["A?", "", "", ""] and len(accuracy_table(table)) == 1


def test_flips_between_two_runs():
    pairing = pair(distilled(answers("ab")), distilled(answers("bcd")))
    assert pairing.table.set_index("question")["change"].to_dict() == {
        "a": ONLY_FIRST,
        "b": BOTH_RIGHT,
        "c": ONLY_SECOND,
        "d": ONLY_SECOND,
    }
    assert pairing.test == (1, 2, 1.0) and pairing.flips["question"].tolist() == ["a", "c", "d"]
    assert (pairing.count(BOTH_WRONG), pairing.unshared, pairing.other_texts) == (0, 0, 0)
    assert pairing.table.loc[0, ["answer_first", "answer_second"]].tolist() == ["1", "7"]


def test_only_the_same_questions_are_paired():
    first = distilled(answers("ab"))
    other = first.assign(text=["A?", "another B", "C?", "D?"]).iloc[:3]
    pairing = pair(first, other)
    assert (len(pairing.table), pairing.unshared, pairing.other_texts) == (2, 1, 1)
    assert pair(first, first.assign(evaluation_set="elsewhere")).table.empty


def test_runs_are_compared_by_set():
    """On the first set all four answers flip, p = 2 / 2^4, twice that for being two; on the other nothing does."""
    both = [pd.concat([answers(right), answers("ab", evaluation_set="other:test")]) for right in ("abcd", "")]
    table = pair(*map(distilled, both)).by_set()
    assert table["evaluation_set"].tolist() == ["set:test", "other:test"]
    assert table[["questions", "accuracy", "chosen_accuracy", "only_other", "only_chosen"]].to_numpy().tolist() == [
        [4, 0.0, 1.0, 0, 4],
        [4, 0.5, 0.5, 0, 0],
    ]
    assert table["p_value"].tolist() == [0.125, 1.0] and table["p_adjusted"].tolist() == [0.25, 1.0]
    assert pair(*map(distilled, both)).on("other:test").test == (0, 0, 1.0)


def test_many_runs_are_compared_with_holms_correction():
    chosen = distilled(answers(""))
    others = {"best": distilled(answers("abcd")), "same": chosen, "foreign": chosen.assign(question="z")}
    table = compare_many(chosen, others).set_index("key")
    assert list(table.index) == ["best", "same"]
    assert table.loc["best", ["accuracy", "chosen_accuracy", "difference", "only_other", "only_chosen"]].tolist() == (
        [1.0, 0.0, 1.0, 4, 0]
    )
    assert table["p_value"].tolist() == [0.125, 1.0]  # 2 / 2^4
    assert table["p_adjusted"].tolist() == [0.25, 1.0]
    assert compare_many(chosen, {}).empty


@pytest.fixture
def runs(tmp_path):
    kpod = make_run(tmp_path / "kpod", upto="prepare")
    hashes = {"student": "s", "data": "d", "evaluation": "e"}
    kpod.update(input_hashes=hashes)
    made = {"kpod": kpod}
    for name, changes in {"plain": {}, "newer": {}, "other data": {"data": "x"}}.items():
        run = make_run(tmp_path / name, upto="prepare")
        run.config = run.config.model_copy(update={"method": "plain"})
        run.update(input_hashes=hashes | changes, created_at=f"2026-01-0{len(made)}T00:00:00+00:00")
        made[name] = run
    return made


def test_the_plain_twin_is_the_newest_of_the_same_data_and_student(runs):
    assert plain_twin(runs["kpod"], runs.items()) == "newer"
    assert plain_twin(runs["plain"], runs.items()) is None
    assert plain_twin(runs["kpod"], [("other data", runs["other data"])]) is None


def test_costs_by_stage_beside_another_run(runs):
    runs["kpod"].update(
        stages={"weights": StageRecord("f", 10.0, 2 * 10**9, "t"), "distill": StageRecord("f", 5.5, 10**9, "t")}
    )
    runs["plain"].update(stages={"distill": StageRecord("f", 4.0, 10**9, "t")})
    metrics = pd.DataFrame({"stage": ["distill", "distill", "weights"], "tokens": [100, 50, None]})
    mine, plain = stage_costs(runs["kpod"], metrics), stage_costs(runs["plain"], pd.DataFrame())
    assert mine["tokens"].fillna(-1).tolist() == [-1, 150]
    table = costs_beside(mine, plain).set_index("stage")
    assert list(table.index) == ["weights", "distill", "all stages"]
    assert table.loc["all stages", ["seconds", "seconds_other", "peak_memory_gb"]].tolist() == [15.5, 4.0, 2.0]
    assert pd.isna(table.loc["weights", "seconds_other"])
    alone = costs_beside(mine, None).set_index("stage")
    assert alone.loc["all stages", "seconds"] == 15.5


def test_no_cell_of_a_csv_is_a_formula():
    table = pd.DataFrame({"output": ["=cmd|' /C calc'!A0", "-1", "fine", None, 'a "quote", and\nline'], "n": range(5)})
    read = pd.read_csv(io.BytesIO(csv_bytes(table)))
    assert read["output"].fillna("").tolist() == ["'=cmd|' /C calc'!A0", "'-1", "fine", "", 'a "quote", and\nline']
