from __future__ import annotations

import re
from collections import Counter

import pytest

from kpod.prompts import ANSWER_TRIGGER, COT_PROMPT
from kpod.students.nano_lessons import COURSE, draw_lesson
from tests.conftest import ROOT
from tests.references.small_world_solver import EQUATION, calculate


@pytest.fixture(scope="module")
def lessons():
    """The first 400 of every part of the course."""
    return [draw_lesson(5, start + index) for start, _ in COURSE for index in range(400)]


def test_all_kinds_come_in_their_shares(lessons):
    for part, (_, kinds) in enumerate(COURSE):
        counted = Counter(lesson.kind for lesson in lessons[400 * part : 400 * part + 400])
        assert sum(kinds.values()) == 100
        for kind, percent in kinds.items():
            assert abs(counted[kind] - 4 * percent) < 4 * (4 * percent) ** 0.5


def test_a_part_begins_with_its_own_lesson():
    start = COURSE[1][0]
    before, after = (Counter(draw_lesson(5, start + shift + index).kind for index in range(300)) for shift in (-300, 0))
    assert before["arithmetic"] < 150 < after["arithmetic"]


def test_the_course_is_the_same_for_the_same_seed(lessons):
    assert draw_lesson(5, 17) == lessons[17] != draw_lesson(6, 17)


def test_no_lesson_solves_anything_in_two_steps(lessons):
    for lesson in lessons:
        if lesson.kind != "arithmetic":
            taught = lesson.text[lesson.taught_from :]
            assert len(EQUATION.findall(taught)) == (lesson.kind in ("problem", "part", "among", "last", "step"))


def test_every_word_is_the_projects_own(lessons):
    """No text comes from elsewhere: all words stand in the modules that make the texts."""
    makers = [*(ROOT / "kpod" / "tasks" / "small_world").glob("*.py"), ROOT / "kpod" / "prompts.py"]
    makers.append(ROOT / "kpod" / "students" / "nano_lessons.py")
    own = set(re.findall(r"[a-z]+", " ".join(path.read_text(encoding="utf-8") for path in makers).lower()))
    read = set(re.findall(r"[a-z]+", " ".join(lesson.text for lesson in lessons).lower()))
    assert len(read) > 150 and read - own == set()
    assert all(lesson.text.isascii() for lesson in lessons)


def test_what_is_known_of_a_longer_solution_is_told_without_a_calculation(lessons):
    chosen = [lesson for lesson in lessons if lesson.kind in ("last", "step")]
    for lesson in chosen:
        assert not EQUATION.search(lesson.text[: lesson.taught_from])
        assert lesson.asked_weight == 0
        assert lesson.ends == (ANSWER_TRIGGER in lesson.text) == (lesson.kind == "last")
    assert any(lesson.text[: lesson.taught_from].endswith(COT_PROMPT + " ") for lesson in chosen)  # the first of all
    assert any(lesson.text[: lesson.taught_from].endswith(".") for lesson in chosen)


def test_arithmetic_is_right_within_range_and_never_chained(lessons):
    words = {"plus": "+", "minus": "-", "times": "*", "divided by": "/"}
    numbers = []
    for lesson in (lesson for lesson in lessons if lesson.kind == "arithmetic"):
        text = lesson.text
        for word, symbol in words.items():
            text = text.replace(f" {word} ", f" {symbol} ").replace(" is ", " = ")
        for left, symbol, right, result in EQUATION.findall(text):
            assert calculate(int(left), symbol, int(right)) == int(result), text
            numbers += [int(left), int(right), int(result)]
        assert not re.search(r"= \d+ [-+*/]", text)
    assert min(numbers) == 2 and max(numbers) == 60


def test_problems_stand_in_the_template_and_are_taught_from_the_rationale_on(lessons):
    for lesson in lessons:
        if lesson.kind in ("problem", "part", "among", "lookup"):
            asked, taught = lesson.text[: lesson.taught_from], lesson.text[lesson.taught_from :]
            assert asked.startswith("Q: ") and asked.endswith(f"?\nA: {COT_PROMPT} ")
            assert re.fullmatch(rf"[^\n]+\n{ANSWER_TRIGGER} \d+\.", taught)
        if lesson.kind == "restate":
            first, again = lesson.text.split("\n")
            assert again == "Again: " + first.removeprefix("Read: ")
            assert lesson.text[lesson.taught_from :] == again
