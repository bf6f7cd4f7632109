from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from kpod import tasks
from kpod.step_splitting import split_steps
from kpod.tasks.small_world import ROLES, WorldOptions, generate_problems
from kpod.tasks.small_world.comparisons import Comparison
from kpod.tasks.small_world.options import STORIES
from kpod.tasks.small_world.plans import Plan, Quantity
from tests.references.small_world_solver import EQUATION, calculate, check_rationale, solve
from tests.references.small_world_steps import calls_for, check_references

EVERYTHING = WorldOptions(
    1, 6, filler_share=0.5, restatement_share=0.5, irrelevant_share=0.3, distractor_share=0.3, largest_number=99
)


@pytest.fixture(scope="module")
def problems():
    return generate_problems(600, seed=11, options=EVERYTHING)


def test_every_answer_is_what_the_question_says(problems):
    wrong = [p.question.text for p in problems if solve(p.question.text, p.story) != int(p.question.answer)]
    assert wrong == []


def test_every_step_is_right_and_uses_only_numbers_that_are_there(problems):
    for problem in problems:
        question = problem.question
        assert check_rationale(question.text, question.rationale, question.answer) == [], question
        assert problem.question.num_steps == len(EQUATION.findall(question.rationale))


def wrong_references(problems) -> list[str]:
    """Of every problem, what the reading of its question finds wrong in the operands of its rationale."""
    return [
        said
        for problem in problems
        for said in check_references(
            problem.question.text, problem.story, problem.question.rationale, problem.question.roles
        )
    ]


def test_every_step_uses_the_very_numbers_that_the_question_calls_for(problems):
    assert wrong_references(problems) == []
    for problem in problems:
        calls = calls_for(problem.question.text, problem.story)
        earlier = [(call.left.role == "earlier") + (call.right.role == "earlier") for call in calls]
        assert [step.num_earlier for step in problem.steps if step.operation] == earlier


def test_a_result_that_is_taken_for_a_given_number_of_the_same_value_is_found(monkeypatch):
    """Its text is right to the letter: only where the number is from is wrong."""
    before = generate_problems(40, 12, EVERYTHING)
    calculate_step = Plan.calculate

    def without_source(self, operation, relation, left, right, *rest, **more):
        return calculate_step(self, operation, relation, Quantity(left.value), right, *rest, **more)

    monkeypatch.setattr(Plan, "calculate", without_source)
    planted = generate_problems(40, 12, EVERYTHING)
    assert [p.question.rationale for p in planted] == [p.question.rationale for p in before]
    found = wrong_references(planted)
    assert found and all("(number)" in said and "(earlier)" in said for said in found)


def test_a_step_that_refers_to_another_person_is_found(monkeypatch):
    """Its arithmetic is right, its numbers are known, and the answer is the rationale's own: all but the reference."""
    calculate_relation = Comparison._calculate

    def of_the_first(self, relation, last, subject, fact):
        first = self.quantities[0]
        fits = relation.operation in ("add", "multiply")
        return calculate_relation(self, relation, first if fits else last, subject, fact)

    monkeypatch.setattr(Comparison, "_calculate", of_the_first)
    planted = generate_problems(60, 13, replace(EVERYTHING, min_steps=2, max_steps=3, stories=("people", "boxes")))
    said = [wrong_references([problem]) for problem in planted]
    questions = [problem.question for problem in planted]
    assert sum(map(bool, said)) > 10
    assert not any(check_rationale(each.text, each.rationale, each.answer) for each in questions)


def test_a_planted_antecedent_of_the_wrong_name():
    question = "Ada has 12 figs. Ben has 5 more figs than Ada. Cleo has twice as many figs as Ada. "
    question += "How many figs do Ben and Cleo have in total?"
    right, wrong = "12 + 5 = 17. 2 * 12 = 24. 17 + 24 = 41.", "12 + 5 = 17. 2 * 17 = 34. 17 + 34 = 51."

    def roles(earlier: dict[int, str]) -> list[tuple[int, int, str]]:
        spans = [found.span() for found in re.finditer(r"\d+", right)]
        return [(*span, earlier.get(number, "number")) for number, span in enumerate(spans)]

    assert check_references(question, "people", right, roles({6: "earlier", 7: "earlier"})) == []
    assert check_references(question, "people", wrong, roles({4: "earlier", 6: "earlier", 7: "earlier"})) == [
        "calculation 2 is 2 (number) * 17 (earlier), not 2 (number) * 12 (number)",
        "calculation 3 is 17 (earlier) + 34 (earlier), not 17 (earlier) + 24 (earlier)",
    ]


def test_problems_of_nine_steps_are_right_too():
    options = WorldOptions(7, 9, stories=tuple(story for story in STORIES if story != "days"))
    problems = generate_problems(60, seed=3, options=options)
    assert {problem.question.num_steps for problem in problems} == {7, 8, 9}
    for problem in problems:
        question = problem.question
        assert solve(question.text, problem.story) == int(question.answer)
        assert check_rationale(question.text, question.rationale, question.answer) == [], question
    assert wrong_references(problems) == []


def test_the_references_find_what_is_wrong():
    assert check_rationale("Ada has 12 figs and 5 more.", "So 12 + 5 = 18.", "18") == ["12 + 5 = 18"]
    assert check_rationale("Ada has 12 figs.", "So 12 - 7 = 5.", "5") == ["7 from nowhere"]
    assert check_rationale("Ada has 12 figs and 5 more.", "So 12 + 5 = 17.", "19") == ["ends on ['17'], not 19"]
    assert solve("Ada has 12 figs. Ben has twice as many figs as Ada. How many figs does Ben have?", "people") == 24


def test_the_same_seed_gives_the_same_and_a_longer_list_begins_with_the_shorter():
    assert generate_problems(40, 3) == generate_problems(60, 3)[:40]
    assert generate_problems(40, 3) != generate_problems(40, 4)


def test_all_stories_operations_and_numbers_of_steps_come_up(problems):
    assert {problem.story for problem in problems} == set(STORIES)
    assert {problem.question.num_steps for problem in problems} == {1, 2, 3, 4, 5, 6}
    steps = [step for problem in problems for step in problem.steps]
    assert {step.operation for step in steps} == {"add", "subtract", "multiply", "divide", None}
    relations = Counter(step.relation for step in steps if step.operation)
    assert {"more", "fewer", "twice", "triple", "half", "third", "times", "total", "difference", "share", "price",
            "change", "gain", "lose", "groups", "doubles", "triples"} == set(relations)  # fmt: skip


def test_a_million_problems_are_distinct_and_a_sample_hardly_repeats():
    # By the birthday problem a world of N problems repeats about n^2 / 2N times in n draws: no repetition of plans
    # among 4,000 speaks for N of several millions, and the docstring counts more than 10^8.
    drawn = generate_problems(4000, 5, WorldOptions(2, 3, distractor_share=0.0))
    assert len({problem.question.text for problem in drawn}) == 4000
    told_plainly = [re.sub(r"\b(?:owns|has|costs|is sold for)\b|,", "", p.question.text) for p in drawn]
    assert len(set(told_plainly)) >= 3998
    assert int(drawn[-1].plan.split("-")[1]) <= 4002, "plans were drawn again and again to find new questions"


def test_steps_are_the_sentences_that_the_splitter_finds(problems):
    for problem in problems:
        spans = [(step.start, step.end) for step in problem.steps]
        assert spans == split_steps(problem.question.rationale)


def test_drivers_say_what_the_text_shows(problems):
    names = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
    for problem in problems[:200]:
        results: list[str] = []
        for step in problem.steps:
            found = EQUATION.search(problem.question.rationale[step.start : step.end])
            assert (found is None) == (step.operation is None)
            if found is None:
                continue
            left, symbol, right, result = found.groups()
            assert step.operation == names[symbol] and step.largest == max(int(left), int(right), int(result))
            assert step.num_earlier <= sum(operand in results for operand in (left, right))
            if symbol in "+-":
                assert step.carries == (not 0 <= calculate(int(left) % 10, symbol, int(right) % 10) <= 9)
            else:
                assert not step.carries
            results.append(result)


def test_an_operand_of_an_earlier_step_is_marked_as_such():
    problems = generate_problems(100, 2, WorldOptions(2, 4, stories=("events",), filler_share=0, irrelevant_share=0))
    linked = [[step.num_earlier for step in problem.steps if step.operation] for problem in problems]
    assert all(numbers[0] == 0 and numbers[-1] >= 1 for numbers in linked)
    assert any(2 in numbers for numbers in linked)


def test_roles_cover_the_visible_text_and_name_the_right_parts(problems):
    seen = Counter()
    for problem in problems:
        text, at = problem.question.rationale, 0
        for start, end, role in problem.question.roles:
            assert at <= start < end and not text[at:start].strip() and text[start:end].strip() == text[start:end]
            at = end
            seen[role] += 1
            part = text[start:end]
            if role in ("number", "earlier", "result"):
                assert part.isdigit()
            if role == "operator":
                assert part in "+-*/="
            if role in ("other", "name", "unit", "cue"):
                assert not any(map(str.isdigit, part)), part
        assert at == len(text)
    assert set(seen) == set(ROLES)


def test_roles_of_one_problem_word_by_word():
    options = WorldOptions(1, 1, filler_share=1, restatement_share=0, irrelevant_share=0, stories=("people",))
    problem = next(p for p in generate_problems(50, 1, options) if p.steps[0].relation == "twice"
                   and "which means" not in p.question.rationale)  # fmt: skip
    text = problem.question.rationale
    parts = [(text[start:end], role) for start, end, role in problem.question.roles]
    expected = "filler name other number operator number operator result unit other"
    assert [role for _, role in parts] == expected.split()
    assert parts[3] == ("2", "number") and parts[7] == (problem.question.answer, "result")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 1.0])
def test_the_restatement_share_is_that_of_steps_whose_fact_is_told_again(share):
    """Measured in the text: a fact of the question, word for word or in another wording, in or before its step."""
    options = WorldOptions(2, 3, filler_share=0.3, irrelevant_share=0, distractor_share=0, restatement_share=share)
    with_fact = restated = 0
    for problem in generate_problems(300, 8, options):
        rationale, story = problem.question.rationale, problem.story
        if story != "people":
            continue
        for call in EQUATION.sub("=", rationale).split("=")[:-1]:
            restated += len(re.findall(r"\b(?:more|fewer|less|as many|shared equally)\b", call))
        relations = ("more", "fewer", "twice", "triple", "times", "half", "third", "share")
        with_fact += sum(step.relation in relations for step in problem.steps)
    assert with_fact > 80 and abs(restated / with_fact - share) <= (0.12 if 0 < share < 1 else 0)


@pytest.mark.parametrize(("share", "role"), [("filler_share", "filler"), ("irrelevant_share", "irrelevant")])
def test_a_share_is_what_it_says(share, role):
    steps = WorldOptions(3, 3, **{"filler_share": 0, "irrelevant_share": 0, share: 0.3})
    found = sum(span[2] == role for problem in generate_problems(300, 8, steps) for span in problem.question.roles)
    assert 0.25 < found / 900 < 0.35


def test_restatements_lengthen_and_distractors_stay_out_of_the_rationale():
    bare = WorldOptions(3, 3, filler_share=0, irrelevant_share=0, restatement_share=0, distractor_share=0)
    plain = generate_problems(100, 8, bare)
    longer = generate_problems(100, 8, replace(bare, restatement_share=1.0))
    assert sum(len(p.question.rationale) for p in longer) > 1.5 * sum(len(p.question.rationale) for p in plain)
    assert all(len(problem.steps) == 3 for problem in plain)
    distracted = generate_problems(100, 8, replace(bare, distractor_share=1.0))
    assert [p.question.answer for p in distracted] == [p.question.answer for p in plain]
    assert all(len(a.question.text) > len(b.question.text) + 40 for a, b in zip(distracted, plain, strict=True))


def test_numbers_stay_within_the_options():
    small = WorldOptions(2, 5, largest_number=40, largest_change=9)
    numbers = [int(n) for p in generate_problems(200, 4, small) for n in re.findall(r"\d+", p.question.rationale)]
    assert max(numbers) <= 40 and min(numbers) >= 2


def test_phrasings_tell_one_plan_in_different_words():
    problems = generate_problems(60, 6, WorldOptions(phrasings=3))
    by_plan = [problems[at : at + 3] for at in range(0, 60, 3)]
    for group in by_plan:
        assert len({problem.plan for problem in group}) == len({problem.question.answer for problem in group}) == 1
    assert generate_problems(20, 6)[0].question.text == problems[0].question.text


def test_shuffled_facts_change_the_order_alone():
    options = WorldOptions(3, 3, distractor_share=0, stories=("people",))
    ordered, shuffled = (generate_problems(50, 9, replace(options, shuffled_share=share)) for share in (0.0, 1.0))
    assert [p.question.answer for p in ordered] == [p.question.answer for p in shuffled]
    first = [p.question.text.split(". ")[0] for p in ordered]
    assert sum(a != p.question.text.split(". ")[0] for a, p in zip(first, shuffled, strict=True)) > 20


def test_the_task_reads_the_rationales_as_right(problems):
    task = tasks.get("small_world")
    assert all(task.is_correct(task.extract_answer(p.question.rationale), p.question.answer) for p in problems)
