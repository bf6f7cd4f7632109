"""The picture of the pipeline says what the tables say."""

from __future__ import annotations

from kpod.charts import pipeline
from tests.support.made_run import make_run

NEEDED = ("questions", "steps", "tokens", "stages", "difficulty_history")


def cards_of(run, running=None):
    tables = {name: run.table(name) for name in NEEDED if run.has(name)}
    return {card.title: card for card in pipeline.cards(tables, run.state.summary, running, dark=False)}


def test_a_whole_run_has_a_figure_and_a_drawing_everywhere(made_run):
    cards = cards_of(made_run)
    assert len(cards) == 7
    assert all(card.state == "done" and card.drawing.startswith("<svg") for card in cards.values())
    assert cards["Rationales"].figure == str(made_run.questions["trained"].sum())
    assert cards["Token weights"].figure == f"{made_run.tokens['weight'].mean():.0%}"
    assert cards["Step difficulty"].figure == f"{made_run.steps['difficulty'].mean():.2f}"
    assert cards["Curriculum"].figure == "5"
    assert cards["Distillation"].figure == "10"
    summary = made_run.state.summary
    assert cards["Accuracy"].figure == f"{summary['accuracy']['accuracy']:.1%}"
    assert f"{summary['base_accuracy']['accuracy']:.1%} before" in cards["Accuracy"].detail


def test_a_run_under_way_shows_what_works_and_what_waits(tmp_path):
    cards = cards_of(make_run(tmp_path / "run", upto="difficulty"), running="schedule")
    states = {title: card.state for title, card in cards.items()}
    assert states["Step difficulty"] == "done"
    assert states["Curriculum"] == "running"
    assert states["Distillation"] == states["Accuracy"] == "waiting"
    assert cards["Accuracy"].figure == "–"
