"""Answers one by one: the filter, the search, the chosen question with its steps, and hostile outputs."""

from __future__ import annotations

import re

import pandas as pd

from kpod.run_store import load_run
from tests.support.app_pages import open_app, shown
from tests.support.made_run import HOSTILE_TEXTS, make_run


def test_the_filter_shows_what_became_of_the_questions(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=5)
    table = run.predictions
    after = table.index[table["epoch"] > 0]
    table.loc[after, "correct"] = [i > 2 for i in range(len(after))]
    table.loc[after[0], "answer"] = None
    table.loc[after[1:], "answer"] = "1"
    run.write_table("predictions", table)
    ids = table.loc[after, "question"].tolist()
    app = open_app("results", view="Questions", outcome="no answer")
    assert app.dataframe[0].value["question"].tolist() == ids[:1]
    for outcome, expected in (("wrong", ids[1:3]), ("right", ids[3:])):
        app.segmented_control(key="outcome").set_value(outcome).run()
        assert app.dataframe[0].value["question"].tolist() == expected


def test_flipped_questions_are_right_on_one_side_alone(use_runs):
    folder = use_runs("whole")
    table = open_app("results", view="Questions", outcome="flipped").dataframe[0].value
    wide = load_run(folder / "run").predictions.pivot(index="question", columns="epoch", values="correct")
    flipped = wide.index[wide.iloc[:, 0] != wide.iloc[:, 1]]
    assert sorted(table["question"]) == sorted(flipped)


def test_words_are_sought_in_questions_and_outputs(use_runs):
    use_runs("whole")
    app = open_app("results", view="Questions", **{"answer-search": "FERRY ticket"})
    texts = app.dataframe[0].value["text"].str.lower()
    assert len(texts) and texts.str.contains("ferry").all()
    app.text_input(key="answer-search").input("nowhere to be found").run()
    assert not app.exception and "No such question" in shown(app)


def test_the_chosen_question_is_shown_with_its_first_wrong_step(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    table = run.predictions
    table.loc[table["question"] == "q045", "output"] = "First 2 + 2 = 4. Then 4 * 3 = 13. So 13 - 1 = 11."
    run.write_table("predictions", table)
    text = shown(open_app("results", view="Questions", question="q045"))
    assert text.count("first wrong step") == 2  # after distillation and before
    assert '<mark title="wrong">4 * 3 = 13</mark>' in text and "<em>4 * 3 is 12</em>" in text
    assert "<em>13 - 1 is 12</em>" in text


def test_teacher_and_student_stand_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    questions = run.questions
    questions["rationale"] = questions["rationale"].fillna("By the teacher, all in words.")
    run.write_table("questions", questions)
    questions.loc[questions["question"] == "q046", "rationale"] = "So 4 * 3 = 12, and 12 - 1.0 is 11."
    run.write_table("questions", questions)
    table = run.predictions
    table.loc[table["question"] == "q046", "output"] = "So 3 * 4 = 12. Then 12 - 5 = 7, not 1."
    run.write_table("predictions", table)
    text = shown(open_app("results", view="Questions", question="q046"))
    boxed = re.findall(r'<b class="kp-apart"[^>]*>(?:<u[^>]*>)?(\d+)(?:</u>)?</b>', text)
    assert boxed == ["5", "7"] * 2  # after distillation and before
    text = shown(open_app("results", view="Questions", question="q045"))
    assert "By the teacher, all in words." in text
    titles = ("Teacher or gold solution", "Student after distillation", "Student before distillation")
    assert all(f"<h3>{title}</h3>" in text for title in titles)


def test_hostile_outputs_are_text(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=5)
    table = run.predictions
    hostile = [HOSTILE_TEXTS[i % len(HOSTILE_TEXTS)] for i in range(len(table))]
    table["output"] = [f"{text} 3 * 4 = 13 {text}" for text in hostile]
    table["answer"] = pd.array([text[:40] for text in hostile], dtype="string")
    run.write_table("predictions", table)
    app = open_app("results", view="Questions")
    for question in table["question"].unique():
        app.query_params["question"] = question
        app.run()
        text = "\n".join(entry.proto.body for entry in app.get("html") if not entry.proto.body.startswith("<style>"))
        assert not any(tag in text for tag in ("<script", "<img", "<style", "<h1>big", "<a href"))
        assert not any(hidden in text for hidden in "\u202e\u200b\x00\x07\x1b")
        assert "= 13" in text  # the output is there


def test_an_output_that_ran_on_is_shown_up_to_a_limit(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=5)
    table = run.predictions
    table["output"] = "(" * 5_000 + "1 + 1 = 3. " * 50_000
    run.write_table("predictions", table)
    assert len(shown(open_app("results", view="Questions"))) < 3_000_000


def test_a_run_whose_table_of_predictions_is_empty_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", count=5)
    run.write_table("predictions", run.predictions.iloc[:0])
    for view in ("Accuracy", "Questions", "Two runs", "All runs"):
        app = open_app("results", view=view)
        assert not app.exception and "kp-empty" in shown(app), view
