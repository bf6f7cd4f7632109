"""The picture of the pipeline says what the tables say."""

from __future__ import annotations

import numpy as np
import pytest

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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("table", "changed", "title"),
    [
        ("tokens", lambda frame: frame.iloc[:0], "Token weights"),
        ("tokens", lambda frame: frame.assign(weight=np.nan), "Token weights"),
        ("tokens", lambda frame: frame.assign(weight=np.inf), "Token weights"),
        ("steps", lambda frame: frame.assign(difficulty=np.inf), "Step difficulty"),
        ("steps", lambda frame: frame.iloc[:0], "Step difficulty"),
        ("difficulty_history", lambda frame: frame.iloc[:0], "Distillation"),
    ],
)
def test_a_table_without_figures_has_a_dash(made_run, table, changed, title):
    tables = {name: made_run.table(name) for name in NEEDED}
    tables[table] = changed(tables[table])
    found = pipeline.cards(tables, made_run.state.summary, None, dark=False)
    assert next(card for card in found if card.title == title).figure == "–"
    assert not any("nan" in f"{card.figure} {card.detail}" or "inf" in card.figure for card in found)
