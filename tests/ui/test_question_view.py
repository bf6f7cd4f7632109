"""The page Questions: colours, lasso, neighbours and names of clusters, and what they do to other pages."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.cluster_names import cluster_names
from kpod.question_clustering.neighbours import nearest_by_cosine, nearest_rows
from kpod.question_vectors import unit_vectors
from kpod.run_store import load_run
from tests.support.app_pages import address_of, element_keys, open_app, shown
from tests.support.made_run import make_run

LASSO = "0_-9~9_-9~9_9~0_9"  # the right half of the made map


def in_lasso(run) -> list[str]:
    questions = run.questions
    return questions.loc[(questions["x"] > 0) & (questions["x"] < 9) & (questions["y"].abs() < 9), "question"].tolist()


def test_a_lasso_in_the_address_fills_the_table_and_the_button_clears_it(use_runs):
    run = load_run(use_runs("whole") / "run")
    app = open_app("questions", lasso=LASSO)
    assert f"{len(in_lasso(run))} of {len(run.questions)} questions selected" in shown(app)
    assert app.dataframe[0].value["question"].tolist() == in_lasso(run)
    app.button(key="clear-lasso").click().run()
    assert f"All {len(run.questions)} questions" in shown(app) and "lasso" not in address_of(app)


def test_an_empty_lasso_says_so_and_garbage_selects_nothing(use_runs):
    use_runs("whole")
    assert "Nothing in the lasso" in shown(open_app("questions", lasso="50_50~51_50~51_51"))
    app = open_app("questions", lasso="<b>~../x~nan_1", colour="<script>", stage="1e9", size="-4")
    assert "All 52 questions" in shown(app)
    assert address_of(app)["colour"] == "cluster" and "lasso" not in address_of(app)


def test_the_other_pages_step_through_the_lasso(use_runs):
    run = load_run(use_runs("whole") / "run")
    learned = set(run.questions.loc[run.questions["trained"], "question"])
    expected = [q for q in in_lasso(run) if q in learned]
    app = open_app("questions", lasso=LASSO, question=expected[0])
    app.button(key="to-curriculum").click().run()
    assert f"1 of {len(expected)} in the lasso" in [one.value for one in app.caption]
    assert any(one.value.startswith(f"The {len(expected)} questions in the lasso") for one in app.caption)
    assert address_of(app)["lasso"] == LASSO
    app = open_app("curriculum", lasso=LASSO, question=expected[0])
    app.button(key="clear-lasso").click().run()
    assert f"{1 + sorted(learned).index(expected[0])} of {len(learned)}" in [one.value for one in app.caption]


def test_the_chosen_question_stays_where_the_lasso_does_not_hold_it(use_runs):
    run = load_run(use_runs("whole") / "run")
    outside = next(q for q in run.questions["question"] if q not in in_lasso(run))
    app = open_app("keypoints", lasso=LASSO, question=outside)
    assert address_of(app)["question"] == outside


def test_a_lasso_belongs_to_its_run(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    first, second = make_run(tmp_path / "a", name="A"), make_run(tmp_path / "b", name="B")
    app = open_app("questions", run=first.id, lasso=LASSO)
    app.selectbox(key="run").set_value(second.id).run()
    assert "All 52 questions" in shown(app) and "lasso" not in address_of(app)


def shown_distances(app) -> list[str]:
    labels = [one.label for one in app.button if one.key.startswith("neighbour-")]
    return [label.split("**")[1] for label in labels]


def test_neighbours_are_the_nearest_by_cosine_and_can_be_chosen(use_runs):
    run = load_run(use_runs("whole") / "run")
    app = open_app("questions", question="q005")
    rows, distances = nearest_by_cosine(unit_vectors(run, run.questions["question"].tolist()), 5, 6)
    assert shown_distances(app) == [f"{distance:.3g}" for distance in distances]
    assert "1 − cosine in the embedding of the clusters" in shown(app) and not any_caption(app, "on the map")
    app.button(key="neighbour-0").click().run()
    assert address_of(app)["question"] == run.questions["question"].iloc[rows[0]]


def test_without_vectors_neighbours_are_the_nearest_on_the_map_and_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run", upto="map")
    run.path("question_vectors").unlink()
    app = open_app("questions", question="q005")
    _, distances = nearest_rows(run.questions[["x", "y"]].to_numpy(), 5, 6)
    assert shown_distances(app) == [f"{distance:.3g}" for distance in distances]
    assert "Distance: on the map" in shown(app) and any_caption(app, "keeps no vectors")
    run.path("question_vectors").write_bytes(b"PAR1 <b>no</b>")
    assert "question_vectors.parquet is damaged" in shown(open_app("questions", question="q005"))


def any_caption(app, text: str) -> bool:
    return any(text in one.value for one in app.caption)


def test_every_colouring_is_in_the_address_and_a_column_of_the_table(use_runs):
    use_runs("whole")
    app = open_app("questions")
    box = app.selectbox(key="colour")
    assert len(box.options) == 12
    box.set_value("mean difficulty").run()
    assert not app.exception and address_of(app)["colour"] == "mean difficulty"
    assert "Difficulty of a step, on average" in app.dataframe[0].value


@pytest.mark.parametrize("colour", ["change", "base", "teacher_correct", "steps", "split", "trained"])
def test_a_link_opens_with_its_colouring(use_runs, colour):
    use_runs("whole")
    assert open_app("questions", colour=colour).selectbox(key="colour").value == colour


def test_stage_outcome_and_text_come_first_in_the_table(use_runs):
    use_runs("whole")
    columns = list(open_app("questions").dataframe[0].value)
    assert columns[:4] == ["question", "stage", "after", "text"] and "cluster" in columns[4:]
    columns = list(open_app("questions", colour="difficulty").dataframe[0].value)
    assert columns[:5] == ["question", "stage", "after", "difficulty", "text"]


def test_steps_of_questions_that_are_not_there_are_said_to_be_damage(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    run.write_table("steps", run.steps.assign(question_index=10_000))
    assert "has steps of questions that questions.parquet lacks" in shown(open_app("questions"))


def test_a_question_without_a_place_takes_its_steps_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    before = open_app("questions").dataframe[0].value
    run.write_table("questions", run.questions.assign(x=run.questions["x"].where(run.questions["question"] != "q002")))
    after = open_app("questions").dataframe[0].value
    expected = before[before["question"] != "q002"].reset_index(drop=True)
    assert after[["question", "steps", "difficulty"]].equals(expected[["question", "steps", "difficulty"]])


def test_clusters_are_renamed_and_get_their_words_back(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    app = open_app("questions")
    assert app.dataframe[0].value["cluster"].iloc[0] == "pens, more0, each0"
    field = next(one for one in app.text_input if one.label.startswith("0:"))
    field.set_value("<b>Buying</b> & [selling](x)")
    app.button(key="save-names").click().run()
    assert not app.exception
    assert cluster_names(run)[0] == "<b>Buying</b> & [selling](x)"
    assert app.dataframe[0].value["cluster"].iloc[0] == "<b>Buying</b> & [selling](x)"
    app.button(key="reset-names").click().run()
    assert cluster_names(run)[0] == "pens, more0, each0"


@pytest.mark.shipped_run
def test_the_shipped_run_keeps_its_names(use_runs):
    use_runs("none")
    app = open_app("questions")
    assert not [one for one in app.text_input if one.label.startswith("0:")]


def test_hostile_questions_clusters_and_names_are_text(use_runs):
    use_runs("hostile")
    app = open_app("questions", question="q003", lasso="-9_-9~9_-9~9_9~-9_9")
    assert "map" in element_keys(app) and "<script>" not in shown(app)
    assert "\u202e" not in "".join(one.label for one in app.button)


def test_a_run_without_a_schedule_has_a_map_that_does_not_play(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    make_run(tmp_path / "run", upto="map")
    app = open_app("questions", stage="2", question="q001")
    assert "map" in element_keys(app)
    assert app.selectbox(key="colour").options[:2] == ["Colour: Cluster", "Colour: Number of steps"]


def test_a_map_on_which_nothing_lies(tmp_path, monkeypatch):
    monkeypatch.setenv("KPOD_RUNS", str(tmp_path))
    run = make_run(tmp_path / "run")
    run.write_table("questions", run.questions.assign(x=np.nan))
    assert "No question has a place on the map" in shown(open_app("questions"))
