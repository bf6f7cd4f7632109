"""Figures of difficulty over the epochs hold the run's own numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpod.charts import difficulty
from kpod.step_difficulty.over_epochs import quartiles_by_position


def test_one_question_has_a_line_a_step_with_open_marks_while_it_is_input(made_run):
    history = made_run.table("difficulty_history", question="q003")
    count = history["step"].nunique()
    figure = difficulty.difficulty_figure(history, [2] + [None] * (count - 1))
    assert [trace.name for trace in figure.data] == [f"step {k + 1}" for k in range(count)]
    first = history[history["step"] == 0].sort_values("epoch")
    assert np.allclose(figure.data[0].y, first["difficulty"])
    symbols = list(figure.data[0].marker.symbol)
    assert symbols[:3] == ["circle-open", "circle-open", "circle"] and set(symbols[2:]) == {"circle"}
    assert all(symbol.endswith("-open") for symbol in figure.data[1].marker.symbol)


def test_before_distillation_there_is_a_bar_a_step():
    steps = pd.DataFrame({"step": [1, 0], "difficulty": [0.5, 2.0]})
    bar = difficulty.before_figure(steps, [None, 3]).data[0]
    assert list(bar.x) == ["step 1", "step 2"] and list(bar.y) == [2.0, 0.5]
    assert list(bar.customdata) == ["never supervised", "from stage 3"]


def test_the_median_lies_between_its_quartiles():
    history = pd.DataFrame({"epoch": [0] * 5, "difficulty": [1.0, 2.0, 3.0, 4.0, 5.0]})
    low, high, middle = difficulty.corpus_difficulty_figure(history).data
    assert (low.y[0], middle.y[0], high.y[0]) == (2.0, 3.0, 4.0)


ROWS = [(0, 0, 0, 4.0), (0, 0, 1, 1.0), (0, 1, 0, 2.0), (1, 0, 0, 3.0), (1, 0, 1, 0.5), (1, 1, 0, 1.0)]
HISTORY = pd.DataFrame(ROWS, columns=["epoch", "question_index", "step", "difficulty"])


def test_a_panel_a_position():
    figure = difficulty.position_figure(quartiles_by_position(HISTORY))
    medians = [trace for trace in figure.data if trace.name == "median"]
    assert [list(trace.y) for trace in medians] == [[3.0, 2.0], [1.0, 0.5]]
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0].startswith("step 1<br>") and "2 steps" in titles[0] and titles[1].startswith("step 2 and more")


def test_positions_from_the_end_are_named_so():
    figure = difficulty.position_figure(quartiles_by_position(HISTORY, from_end=True), from_end=True)
    titles = [note.text for note in figure.layout.annotations]
    assert titles[0].startswith("last step") and titles[1].startswith("1 before it")
