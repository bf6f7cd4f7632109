import csv
import json

import pytest

from kpod import tasks
from kpod.errors import InputError
from kpod.records import Question
from kpod.tasks import load_questions

PENS = {
    "id": "p1",
    "question": "Tom has 3 boxes of 4 pens. How many pens?",
    "answer": "12.0",
    "rationale": "3 * 4 = 12 pens.",
    "rationale_source": "me",
    "split": "test",
    "choices": None,
    "shelf": 9,
}
MELTS = {
    "id": "m1",
    "question": "What melts?",
    "answer": "ice",
    "choices": ["a stone", "ice"],
    "context": "It is hot.",
}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_numeric_row(tmp_path):
    assert load_questions(write(tmp_path / "a.jsonl", [PENS])) == [
        Question(
            id="p1",
            text=PENS["question"],
            answer="12",
            rationale="3 * 4 = 12 pens.",
            split="test",
            teacher="me",
            teacher_correct=True,
        )
    ]


def test_a_multiple_choice_row_lists_its_options_behind_context_and_question(tmp_path):
    (question,) = load_questions(write(tmp_path / "a.jsonl", [MELTS]))
    assert question.text == "It is hot.\nWhat melts?\n(A) a stone (B) ice"
    assert (question.answer, question.choices, question.split) == ("B", ("a stone", "ice"), "train")


def test_yes_or_no_rows_list_no_options(tmp_path):
    rows = [
        {"id": 1, "question": "Do fish swim?", "answer": True, "choices": ["yes", "no"]},
        {"id": 2, "question": "Do fish sing?", "answer": "No", "choices": ["yes", "no"]},
    ]
    first, second = load_questions(write(tmp_path / "a.jsonl", rows))
    assert (first.id, first.text, first.answer, second.answer) == ("1", "Do fish swim?", "yes", "no")


@pytest.mark.parametrize("ending", ["json", "csv", "parquet", "ndjson"])
def test_every_format_holds_the_same_questions(tmp_path, ending):
    rows = [MELTS | {"rationale": 'Ice, "wet" as it is,\nmelts. The answer is B.', "correct": False, "split": None}]
    expected = load_questions(write(tmp_path / "a.jsonl", rows))
    path = tmp_path / f"b.{ending}"
    if ending == "json":
        path.write_text(json.dumps(rows), encoding="utf-8")
    elif ending == "ndjson":
        write(path, rows)
    elif ending == "csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerow(rows[0] | {"choices": json.dumps(rows[0]["choices"])})
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    assert load_questions(path) == expected
    assert expected[0].teacher_correct is False


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"rationale": None}, None),
        ({"rationale": "  "}, None),
        ({"rationale": "3 * 4 = 12, of which 5 are red."}, True),
        ({"rationale": "3 + 4 = 7"}, False),
        ({"rationale": "3 + 4 = 7", "correct": True}, True),
        ({"rationale": "Let us multiply."}, None),
        ({"rationale": None, "correct": True}, None),
    ],
)
def test_whether_the_teacher_is_right(tmp_path, fields, expected):
    (question,) = load_questions(write(tmp_path / "a.jsonl", [PENS | fields]))
    assert question.teacher_correct is expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"kpod_split": "dev"}, "dev"),
        ({"kpod_split": None}, "test"),
        ({"split": None}, "unassigned"),
        ({}, "test"),
    ],
)
def test_the_papers_split_counts_first(tmp_path, fields, expected):
    (question,) = load_questions(write(tmp_path / "a.jsonl", [PENS | fields]))
    assert question.split == expected


OFFICIAL = {
    "gsm8k": ({"question": "How many?", "answer": "3*4=<<3*4=12>>12 pens.\n#### 1,200"}, "How many?", "1200"),
    "svamp": (
        {"ID": "c-1", "Body": "Tom has 3 pens", "Question": "How many?", "Answer": 3.0},
        "Tom has 3 pens, How many?",
        "3",
    ),
    "asdiv": (
        {"body": "Tom has 3.", "question": "How many?", "answer": "3 (pens)"},
        "Tom has 3. How many?",
        "3",
    ),
    "multiarith": ({"question": "How many?", "final_ans": "5"}, "How many?", "5"),
    "commonsense_qa": (
        {
            "id": "x",
            "question": "What?",
            "choices": {"label": ["A", "B"], "text": ["ice", "tea"]},
            "answerKey": "B",
        },
        "What?\n(A) ice (B) tea",
        "B",
    ),
    "logiqa": (
        {"context": "Rain.", "query": "So?", "options": ["wet", "dry"], "correct_option": 0},
        "Rain.\nSo?\n(A) wet (B) dry",
        "A",
    ),
    "strategyqa": ({"qid": "q", "question": "Wet?", "answer": True, "facts": ["Rain wets."]}, "Wet?", "yes"),
    "drop": (
        {"query_id": "q", "passage": "It is 4.", "question": "How many?", "answers_spans": {"spans": ["4"]}},
        "It is 4.\nHow many?",
        "4",
    ),
}


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_layout_of_each_data_set(tmp_path, name):
    row, text, answer = OFFICIAL[name]
    (question,) = tasks.get(name).load(write(tmp_path / "a.jsonl", [row]))
    assert (question.text, question.answer) == (text, answer)
    assert question.id


def test_official_gsm8k_is_known_without_its_name(tmp_path):
    (question,) = load_questions(write(tmp_path / "a.jsonl", [{"id": "1"} | OFFICIAL["gsm8k"][0]]))
    assert (question.rationale, question.answer, question.teacher_correct) == ("3*4=12 pens.", "1200", True)


def test_duplicate_ids(tmp_path):
    rows = [PENS, PENS | {"id": "p1#2"}, PENS | {"rationale": "4 * 3 = 12"}, PENS | {"rationale": "12"}]
    path = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(InputError, match=r"a\.jsonl, line 3: the id 'p1' stands on line 1 already.*suffix"):
        load_questions(path)
    first = load_questions(path, duplicates="first")
    assert [(q.id, q.rationale) for q in first] == [("p1", "3 * 4 = 12 pens."), ("p1#2", "3 * 4 = 12 pens.")]
    assert [q.id for q in load_questions(path, duplicates="suffix")] == ["p1", "p1#2", "p1#3", "p1#4"]
    with pytest.raises(InputError, match=r"'all'.*'first'"):
        load_questions(path, duplicates="all")


BAD_ROWS = {
    "no JSON": ('{"id": "1",}', r"line 3: no JSON .*object"),
    "no object": ("[1, 2]", r"line 3: list, not an object"),
    "missing field": (
        '{"id": "2", "qestion": "x", "answer": "1"}',
        r'line 3: the field "question" is missing.*\'qestion\'',
    ),
    "missing id": ('{"question": "x", "answer": "1"}', r'line 3: the field "id" is missing'),
    "null answer": ('{"id": "2", "question": "x", "answer": null}', r'line 3: "answer" is empty'),
    "empty question": ('{"id": "2", "question": " ", "answer": "1"}', r'line 3: "question" is \' \''),
    "question of numbers": ('{"id": "2", "question": 5, "answer": "1"}', r'line 3: "question" is 5'),
    "answer in words": (
        '{"id": "2", "question": "x", "answer": "many"}',
        r"line 3: the answer 'many' does not parse.*arithmetic",
    ),
    "answer of a list": (
        '{"id": "2", "question": "x", "answer": ["1"]}',
        r"line 3: the answer \['1'\] does not parse",
    ),
    "rationale of a list": (
        '{"id": "2", "question": "x", "answer": 1, "rationale": ["a"]}',
        r'line 3: "rationale" is list',
    ),
    "correct in words": (
        '{"id": "2", "question": "x", "answer": 1, "rationale": "a", "correct": "so"}',
        r'line 3: "correct" is',
    ),
    "context of numbers": ('{"id": "2", "question": "x", "answer": 1, "context": 5}', r'line 3: "context" is int'),
    "half a character": ('{"id": "2", "question": "x\\ud800", "answer": 1}', r"line 3: .*half a character .*ud800"),
    "deep": ("[" * 100_000, r"line 3: no JSON"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_line_is_named(tmp_path, name):
    line, message = BAD_ROWS[name]
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(PENS)}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a\.jsonl, " + message):
        load_questions(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"choices": None}, r'"choices" is missing'),
        ({"choices": ["one"]}, r'"choices" must be a list of 2 to 26'),
        ({"choices": "a, b"}, r'"choices" must be a list'),
        ({"choices": ["a", 3]}, r'"choices" must be a list'),
        ({"answer": "C"}, r"'C' does not parse for the task multiple_choice"),
    ],
)
def test_bad_choices(tmp_path, fields, message):
    with pytest.raises(InputError, match="line 1: .*" + message):
        load_questions(write(tmp_path / "a.jsonl", [MELTS | fields]), "multiple_choice")


def test_bad_files(tmp_path):
    with pytest.raises(
        InputError, match=r"no file .*none\.jsonl.*\.jsonl, \.ndjson, \.json, \.csv, \.tsv or \.parquet"
    ):
        load_questions(tmp_path / "none.jsonl")
    write(tmp_path / "a.jsonl", [PENS])
    with pytest.raises(InputError, match=r"is a folder.*It holds a\.jsonl"):
        load_questions(tmp_path)
    files = {
        "empty.jsonl": (b" \n\n", "holds no questions"),
        "empty.json": (b"", "holds no questions"),
        "empty.csv": (b"id,question,answer\n", "holds no questions"),
        "latin.jsonl": (b'{"id": "1"}\n{"id": "\xe9"}', "line 2: byte 0xe9 is not UTF-8"),
        "one.json": (b'{"id": "1"}', "holds one dict"),
        "bad.json": (b"[1", "is no JSON"),
        "items.json": (b"[1]", "item 1: int"),
        "short.csv": (b"id,question,answer\n1,2\n", "line 2: .*3 columns"),
        "long.csv": (b"id,question,answer\n1,2,3,4\n", "line 2: .*3 columns"),
        "quote.csv": (b'id,question,answer\n1,"a"b,3\n', "line 2: "),
        "bad.parquet": (b"PAR1", "cannot be read as Parquet"),
        "pens.txt": (b"x", r"ends in '\.txt'"),
        "pens": (b"x", r"ends in 'nothing'"),
    }
    for name, (content, message) in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=message):
            load_questions(tmp_path / name)


def test_an_unknown_task_is_named(tmp_path):
    with pytest.raises(InputError, match="no task 'maths'"):
        load_questions(write(tmp_path / "a.jsonl", [PENS]), "maths")


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (["yes", "no"], "strategyqa"),
        (["A", "E"], "multiple_choice"),
        (["1", "1/3", "-2.5"], "arithmetic"),
        (["1", "mrs reed"], "asdiv"),
    ],
)
def test_guess_of_a_task_by_its_gold_answers(answers, name):
    assert tasks.guess(answers) == name


SHARED_FILES = {
    "gsm8k/test_human.jsonl": ("gsm8k", 1319),
    "gsm8k/train_gpt35_metamath_ansaug.jsonl": (None, 4971),
    "svamp/svamp.jsonl": ("svamp", 1000),
    "svamp/train_gpt35_mcckd.jsonl": (None, 700),
    "asdiv/asdiv.jsonl": ("asdiv", 2305),
    "asdiv/gpt-3.5-turbo_fewshot_faithfulcot.jsonl": ("asdiv", 2097),
    "multiarith/gpt-3.5-turbo_fewshot_faithfulcot.jsonl": ("multiarith", 596),
    "csqa/train.jsonl": (None, 9741),
    "csqa/dev.jsonl": ("commonsense_qa", 1221),
    "ood/logiqa_test.jsonl": ("logiqa", 651),
    "ood/drop_contrast_number300.jsonl": ("drop", 300),
    "ood/strategyqa.jsonl": (None, 2290),
}


@pytest.mark.data
@pytest.mark.parametrize("name", SHARED_FILES)
def test_real_files_load(shared_data, name):
    task, count = SHARED_FILES[name]
    questions = load_questions(shared_data / name, task, duplicates="suffix")
    assert len(questions) == len({question.id for question in questions}) == count


# Share of rationales on which extraction and the file agree about "right", as measured (rounded down).
AGREEMENT = {
    "svamp/train_gpt35_mcckd.jsonl": ("svamp", 0.97),
    "asdiv/gpt-3.5-turbo_fewshot_faithfulcot.jsonl": ("asdiv", 0.98),
    "multiarith/gpt-3.5-turbo_fewshot_faithfulcot.jsonl": ("multiarith", 1.0),
    "gsm8k/train_gpt35_metamath_ansaug.jsonl": ("gsm8k", 0.96),
    "csqa/train.jsonl": ("commonsense_qa", 0.94),
}


@pytest.mark.data
@pytest.mark.parametrize("name", AGREEMENT)
def test_extraction_agrees_with_the_files(shared_data, name):
    """CommonsenseQA's rationales state no letter, and the file's "right" goes by one that the teacher gave beside them.

    Extraction goes by the words of the options, and differs from the file on 536 of 9,741 (908 times it finds none). Of
    100 of the 536, read: 42 say an option in part or in other words ("rest" for "have rest"), 28 name two or more as
    equally good, 16 name another one in passing, 8 name one that is listed twice, and in 6 the words that are found are
    of another option than the file's letter (in one of them the "choices" of "of the above choices").
    """
    task, least = tasks.get(AGREEMENT[name][0]), AGREEMENT[name][1]
    with (shared_data / name).open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    agree = sum(
        task.is_correct(task.extract_answer(row["rationale"], row["choices"]), row["answer"]) == row["correct"]
        for row in rows
    )
    assert agree / len(rows) >= least


@pytest.mark.data
def test_human_rationales_arrive_at_their_answers(shared_data):
    questions = load_questions(shared_data / "gsm8k/train_human.jsonl")
    assert len(questions) == 7473
    assert sum(question.teacher_correct is True for question in questions) / len(questions) > 0.99


def test_columns_of_other_names_are_mapped(tmp_path):
    rows = [
        {"prompt": f"Tom has {n} pens, buys one. How many?", "cot": f"{n} + 1 = {n + 1} pens.", "gold": n + 1, "x": "?"}
        for n in range(3)
    ]
    path = write(tmp_path / "mine.jsonl", rows)
    guessed = load_questions(path)
    assert [(q.id, q.answer, q.teacher_correct) for q in guessed] == [
        ("mine-00001", "1", True), ("mine-00002", "2", True), ("mine-00003", "3", True),
    ]  # fmt: skip
    given = load_questions(path, fields={"question": "prompt", "answer": "gold", "rationale": "", "id": "gold"})
    assert [(q.id, q.text, q.rationale) for q in given[:1]] == [("1", rows[0]["prompt"], None)]
    with pytest.raises(InputError, match=r"mine\.jsonl: the field 'answer'.*'golt'.*mean 'gold'"):
        load_questions(path, fields={"answer": "golt"})
    with pytest.raises(InputError, match=r"no column was recognised as answer"):
        load_questions(path, fields={"answer": ""})


@pytest.mark.parametrize("name", ["svamp", "asdiv", "multiarith", "commonsense_qa", "logiqa", "strategyqa", "drop"])
def test_official_layouts_are_known_without_their_names(tmp_path, name):
    row, text, answer = OFFICIAL[name]
    if name == "commonsense_qa":
        row = row | {"question_concept": "ice"}
    (question,) = load_questions(write(tmp_path / "a.jsonl", [row]))
    assert (question.text, question.answer) == (text, answer)
