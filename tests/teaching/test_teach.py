"""A whole generation against a real server: what is written, and how it goes on after a stop."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kpod
from kpod.errors import InputError
from kpod.teaching.files import TeachFiles
from kpod.teaching.teach import collect, estimate, teach
from tests.support.teacher_server import answer, error, rows_of, write_sums


def files_of(options):
    return TeachFiles(Path(options.out))


def progress_of(options):
    return json.loads(files_of(options).progress.read_text())


def test_what_is_written_is_read_as_questions_with_rationales(options, server):
    chosen = options()
    ended = teach(chosen)
    assert ended.status == "finished" and ended.summary.correct == 6
    questions = kpod.load_questions(ended.out)
    assert [question.id for question in questions] == [f"sum-{number:02d}" for number in range(6)]
    first = questions[0]
    assert first.rationale == "There are 10 + 7 = 17 pens."  # the template states the answer itself
    assert (first.answer, first.teacher, first.teacher_correct, first.split) == ("17", "adder", True, "train")
    row = rows_of(ended.out)[1]
    assert row["rationale_final"] == "Therefore, the answer is 18." and row["rationales"] == [row["rationale"]]
    assert row["samples"][0]["output"].endswith("Therefore, the answer is 18.")
    assert row["samples"][0]["finish_reason"] == "stop" and row["truncated"] is False and row["split"] == "test"


def test_the_prompt_asks_for_steps_and_the_form_of_the_answer(options, server, tmp_path):
    source = tmp_path / "letters.jsonl"
    source.write_text(
        json.dumps({"id": "a", "question": "Where is {money}?", "answer": "A", "choices": ["bank", "park"]}) + "\n"
    )
    server.behave = lambda asked: answer(asked, "Banks keep money.\nTherefore, the answer is (A).")
    ended = teach(options(source=str(source), system_prompt="Be brief."))
    system, user = server.asked[0].body["messages"]
    assert system == {"role": "system", "content": "Be brief."}
    assert user["content"].startswith("Where is {money}?\n(A) bank (B) park\n\nLet's think step by step.")
    assert user["content"].endswith('"Therefore, the answer is" and then the letter of the right option in brackets.')
    question = kpod.load_questions(ended.out)[0]
    assert question.choices == ("bank", "park") and question.text == "Where is {money}?\n(A) bank (B) park"
    assert question.rationale == "Banks keep money." and question.teacher_correct is True


def test_plain_text_is_continued_at_completions(options, server):
    server.behave = lambda asked: answer(asked, " 10 + 7 = 17. The answer is 17.\nQ: What is 1 + 1?\nA: 2.")
    ended = teach(options(api="completions", limit=1, seed=5, top_p=0.9))
    body = server.asked[0].body
    assert server.asked[0].path == "/v1/completions" and body["prompt"].endswith("\nA: Let's think step by step.")
    assert (body["stop"], body["seed"], body["top_p"], body["temperature"]) == (["\nQ:"], 5, 0.9, 0.7)
    assert rows_of(ended.out)[0]["rationale"] == "10 + 7 = 17."


def test_the_first_correct_sample_is_the_rationale_and_all_are_kept(options, server):
    texts = ["1 + 1 = 2.\nTherefore, the answer is 2.", "10 + 7 = 17.\nTherefore, the answer is 17.", "17 it is."]
    server.behave = lambda asked: answer(asked, texts[asked.nth])
    ended = teach(options(samples=3, limit=1, seed=40, concurrency=1))  # else one may overtake another
    row = rows_of(ended.out)[0]
    assert row["rationale"] == "10 + 7 = 17." and row["correct"] is True
    assert row["rationales"] == ["1 + 1 = 2.", "10 + 7 = 17.", "17 it is."]
    assert [sample["correct"] for sample in row["samples"]] == [False, True, True]
    assert [asked.body["seed"] for asked in server.asked] == [40, 41, 42]


def test_no_further_sample_is_asked_of_a_question_that_has_a_correct_one(options, server):
    server.behave = lambda asked: answer(asked, None if asked.nth or asked.first_number != 12 else "It is 3.")
    ended = teach(options(samples=4, until_correct=True, concurrency=1))
    assert len(server.asked) == 7 and ended.summary.correct == 6
    assert progress_of(options())["done"] == progress_of(options())["total"] == 24


def test_a_cut_output_is_flagged_and_its_last_number_is_no_answer(options, server):
    server.behave = lambda asked: answer(asked, f"She has {asked.first_number + 7}", finish="length")
    ended = teach(options(limit=2))
    assert ended.summary.truncated == 2 and ended.summary.correct == 0 and ended.summary.unknown == 2
    assert all(row["truncated"] is True and row["correct"] is None for row in rows_of(ended.out))


def test_thinking_is_not_the_rationale(options, server):
    server.behave = lambda asked: answer(asked, "<think>Maybe 99?</think>\n\n10 + 7 = 17. The answer is 17.")
    assert rows_of(teach(options(limit=1)).out)[0]["rationale"] == "10 + 7 = 17."
    server.behave = lambda asked: answer(asked, "<think>The answer is 18. Or", finish="length")
    row = rows_of(teach(options(limit=2)).out)[1]
    assert row["rationale"] is None and row["failure"] == "the answer holds no rationale"


def test_a_finished_generation_asks_nothing_again(options, server):
    chosen = options()
    teach(chosen)
    before = files_of(chosen).out.read_bytes()
    teach(chosen)
    assert len(server.asked) == 6 and files_of(chosen).out.read_bytes() == before


def test_more_samples_and_more_questions_ask_only_for_what_is_new(options, server):
    teach(options(limit=3))
    teach(options(limit=4, samples=2))
    assert len(server.asked) == 8
    assert [len(row["samples"]) for row in rows_of(options().out)] == [2, 2, 2, 2]


def test_what_failed_is_asked_again_and_nothing_else(options, server):
    server.behave = lambda asked: error(500, "out of sorts") if asked.first_number == 12 else answer(asked)
    ended = teach(options())
    assert ended.status == "finished with failures" and (ended.summary.correct, ended.summary.failed) == (5, 1)
    row = rows_of(ended.out)[2]
    assert row["rationale"] is None and row["failure"] == "500: out of sorts"
    assert len(server.asked) == 5 + 3  # two retries
    assert kpod.load_questions(ended.out)[2].rationale is None
    server.behave = answer
    assert teach(options()).status == "finished" and len(server.asked) == 9
    assert rows_of(ended.out)[2]["failure"] is None


def test_other_settings_are_refused_kept_or_start_over(options, server):
    teach(options(limit=3))
    with pytest.raises(InputError, match=r"begun with other settings: temperature was 0\.7 and is 0\.2"):
        teach(options(temperature=0.2))
    assert len(server.asked) == 3
    teach(options(temperature=0.2, changed="keep", limit=4))
    assert [asked.body["temperature"] for asked in server.asked] == [0.7, 0.7, 0.7, 0.2]
    teach(options(temperature=0.5, changed="restart", limit=2))
    assert len(server.asked) == 6 and files_of(options()).out.with_name("taught.jsonl.journal.1").is_file()
    teach(options(temperature=0.5, concurrency=1, retries=0, timeout=9, limit=2))  # how fast, not what
    assert len(server.asked) == 6


def test_a_question_that_changed_under_its_id_is_refused(options, tmp_path):
    teach(options())
    rows = rows_of(tmp_path / "sums.jsonl")
    rows[4]["question"] = "Mia has 99 pens and buys 7. How many has she?"
    (tmp_path / "sums.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="questions of 1 ids read otherwise now, 'sum-04' among them"):
        teach(options())


def test_a_file_of_somebody_else_is_not_overwritten(options, server, tmp_path):
    with pytest.raises(InputError, match="It is not overwritten"):
        teach(options(out=str(tmp_path / "sums.jsonl")))
    assert server.asked == []


def test_one_process_at_a_time(options, server):
    chosen = options()
    code = (
        f"import filelock; lock = filelock.FileLock({str(files_of(chosen).lock)!r}); lock.acquire(); print(); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        with pytest.raises(InputError, match="Another process is working on"):
            teach(chosen)
        other.communicate("\n")
    assert server.asked == [] and teach(chosen).status == "finished"


def test_collecting_writes_what_is_there_and_asks_nothing(options, server):
    with pytest.raises(InputError, match="no journal"):
        collect(options())
    teach(options(limit=2))
    asked = len(server.asked)
    ended = collect(options())
    assert (ended.summary.correct, ended.summary.unasked, len(server.asked)) == (2, 4, asked)


def test_an_estimate_asks_nothing_and_writes_nothing(options, server, tmp_path):
    before = sorted(tmp_path.iterdir())
    found = estimate(options(samples=2, max_tokens=100, input_price=1.0, output_price=10.0))
    assert (found.questions, found.requests, found.most_completion_tokens) == (6, 12, 1200)
    assert found.most_cost == pytest.approx(found.prompt_tokens / 1e6 + 1200 * 10 / 1e6)
    assert server.asked == [] and sorted(tmp_path.iterdir()) == before
    teach(options())
    assert estimate(options()).requests == 0


def test_the_progress_file(options, server):
    teach(options(input_price=10.0, output_price=100.0))
    state = progress_of(options())
    assert state["status"] == "finished" and state["done"] == state["total"] == state["requests"] == 6
    assert state["cost"] == pytest.approx(6 * (50 * 10 + 20 * 100) / 1e6) and state["seconds_left"] == 0
    assert (state["prompt_tokens"], state["completion_tokens"], state["failed"]) == (300, 120, 0)


def test_the_source_may_have_rationales_of_another_teacher(options, tmp_path):
    source = write_sums(tmp_path / "old.jsonl", 2, rationale="Guess: 1.", rationale_source="old", correct=False)
    row = rows_of(teach(options(source=str(source), split="train")).out)
    assert len(row) == 1 and row[0]["rationale_source"] == "adder" and row[0]["correct"] is True


def test_a_split_without_questions_is_refused(options):
    with pytest.raises(InputError, match=r"No question of .* has split 'dev'; there are test, train"):
        teach(options(split="dev"))
