"""Which columns are taken for which fields, without being told."""

import pytest

from kpod.tasks.field_guess import guess_fields
from kpod.tasks.layout import find_layout

TEXTS = ["Tom has 3 boxes of 4 pens. How many?", "Ann has 9 pens and loses 2. How many?", "Two and two are?"]
STEPS = ["3 boxes of 4 are 12 pens.", "9 - 2 = 7 pens are left.", "2 + 2 = 4, as ever."]
NUMBERS = ["12", "7", "4"]
LABELLED = [{"label": "A", "text": "ice"}, {"label": "B", "text": "tea"}]


def rows(**columns):
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def found(given):
    guesses = guess_fields(given)
    return {field: guess.column for field, guess in guesses.items() if guess.column not in (None, field)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            rows(prompt=TEXTS, response=STEPS, target=NUMBERS),
            {"question": "prompt", "rationale": "response", "answer": "target"},
        ),
        (
            rows(problem=TEXTS, solution=STEPS, final_answer=NUMBERS, uid=[4, 5, 6]),
            {"question": "problem", "rationale": "solution", "answer": "final_answer", "id": "uid"},
        ),
        (rows(problem=TEXTS, solution=NUMBERS), {"question": "problem", "answer": "solution"}),
        (
            rows(instruction=["Solve."] * 3, input=TEXTS, output=NUMBERS, cot=STEPS),
            {"question": "input", "answer": "output", "rationale": "cot"},
        ),
        (
            rows(input=["", "", ""], instruction=TEXTS, output=[12, 7, 4]),
            {"question": "instruction", "answer": "output"},
        ),
        (
            rows(question=TEXTS, answer=[{"text": n, "span": [0, 1]} for n in NUMBERS], explanation=STEPS),
            {"answer": "answer.text", "rationale": "explanation"},
        ),
        (
            rows(question=[{"stem": text, "choices": LABELLED} for text in TEXTS], answerKey=["A", "B", "A"]),
            {"question": "question.stem", "choices": "question.choices", "answer": "answerKey"},
        ),
        (
            rows(question=TEXTS, options=[["A)1", "B)2"]] * 3, correct=["A", "B", "A"], rationale=STEPS),
            {"choices": "options", "answer": "correct"},
        ),
        (rows(question=TEXTS, options=[["ice", "tea"]] * 3, answer=[0, 1, 1]), {"choices": "options"}),
        (rows(question=TEXTS, options=[["ice", "tea"]] * 3, answer=[12, 7, 4]), {}),
        (rows(frage=TEXTS, zahl=NUMBERS), {"question": "frage", "answer": "zahl"}),
        (rows(frage=TEXTS, zahl=NUMBERS, other=NUMBERS), {"question": "frage"}),
        # Our own layout: other columns are left alone, whatever they are called.
        (rows(id=[1, 2, 3], question=TEXTS, answer=NUMBERS, passage=TEXTS, teacher=TEXTS, iscorrect=[1, 0, 1]), {}),
        (rows(id=[1, 2, 3], question=TEXTS, answer=NUMBERS, rationale=[None] * 3, cot=STEPS), {}),
    ],
)  # fmt: skip
def test_columns_by_name_and_contents(given, expected):
    assert found(given) == expected


def test_a_guess_says_why():
    guesses = guess_fields(rows(problem=TEXTS, zahl=NUMBERS, solution=["", "", "so"]))
    assert (guesses["question"].confidence, guesses["answer"].confidence) == ("likely", "guess")
    assert guesses["answer"].reason == "the only column of single numbers"
    assert guesses["rationale"].column is None
    assert guesses["rationale"].reason == "'solution' has the name, but its values do not fit"
    assert guesses["context"].reason == "no column looks like it"


@pytest.mark.parametrize(
    ("given", "task"),
    [
        (rows(prompt=TEXTS, target=NUMBERS), "arithmetic"),
        (rows(prompt=TEXTS, target=["Yes", "no", "true"]), "strategyqa"),
        (rows(prompt=TEXTS, target=[True, False, True]), "strategyqa"),
        (rows(prompt=TEXTS, target=["ice", "tea", "4"]), "asdiv"),
        (rows(prompt=TEXTS, target=["ice", "7", "4"]), "arithmetic"),
        (rows(prompt=TEXTS, options=[["ice", "tea"]] * 3, label=[0, 1, 1]), "multiple_choice"),
        (rows(problem=TEXTS, solution=[f"{s}\n#### {n}" for s, n in zip(STEPS, NUMBERS, strict=True)]), "gsm8k"),
        (rows(Body=["Tom has 3."] * 3, Question=TEXTS, Answer=[3.0, 4.0, 5.0], ID=["a", "b", "c"]), "svamp"),
        (rows(passage=TEXTS, question=TEXTS, answers_spans=[{"spans": ["1"]}] * 3), "drop"),
    ],
)
def test_the_task_is_guessed_after_the_columns(given, task):
    layout = find_layout(given, "a.jsonl")
    assert (layout.task.name, layout.problem) == (task, None)


def test_rows_without_ids_are_numbered_and_gsm8ks_answer_is_taken_apart():
    layout = find_layout([{"problem": TEXTS[0], "solution": "3*4=<<3*4=12>>12\n#### 12"}], "my.csv", stem="my")
    read = layout.read({"problem": TEXTS[0], "solution": "3*4=<<3*4=12>>12\n#### 12"}, 6)
    assert (read["question"], read["answer"], read["rationale"]) == (TEXTS[0], "12", "3*4=12")
    given = find_layout(rows(prompt=TEXTS, target=NUMBERS), "my.csv", stem="my")
    assert [given.read(row, number)["id"] for number, row in enumerate(rows(prompt=TEXTS, target=NUMBERS))] == [
        "my-00001", "my-00002", "my-00003",
    ]  # fmt: skip


def test_what_no_column_is_recognised_as_is_said():
    layout = find_layout(rows(x=STEPS, y=STEPS), "a.csv")
    assert "no column was recognised as question and answer. Columns: x, y." in layout.problem
    stated = [f"{step} The answer is {number}." for step, number in zip(STEPS, NUMBERS, strict=True)]
    layout = find_layout(rows(query=TEXTS, response=stated), "a.csv")
    assert "recognised as answer" in layout.problem and "'response' states answers" in layout.problem
    assert "--fields answer=COLUMN" in layout.problem


def test_a_given_field_wins_and_the_others_are_still_guessed():
    layout = find_layout(rows(prompt=TEXTS, other=STEPS, target=NUMBERS), "a.csv", fields={"question": "other"})
    assert layout.read({"prompt": "p", "other": "o", "target": "3"}, 0)["question"] == "o"
    assert layout.fields["answer"] == "target"
    shown = {guess.field: guess for guess in layout.guesses}
    assert (shown["question"].confidence, shown["answer"].confidence) == ("given", "likely")
