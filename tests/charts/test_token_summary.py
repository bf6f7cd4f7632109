"""Weights over the whole run."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpod.charts import token_summary


def test_rows_carry_the_text_of_their_span(made_run):
    rows = token_summary.token_rows(made_run.questions, made_run.tokens)
    tokens = made_run.tokens
    assert len(rows) == len(tokens)
    rationale = made_run.questions["rationale"].iloc[tokens["question_index"].iloc[100]]
    span = slice(tokens["character_start"].iloc[100], tokens["character_end"].iloc[100])
    assert rows["text"].iloc[100] == rationale[span]


def test_a_large_run_is_sampled_by_whole_questions(monkeypatch, made_run):
    monkeypatch.setattr(token_summary, "MAX_TOKENS", 600)
    rows = token_summary.token_rows(made_run.questions, made_run.tokens)
    assert 300 < len(rows) < 900
    sizes = made_run.tokens.groupby("question_index").size()
    kept = token_summary._sample_questions(made_run.tokens["question_index"].to_numpy())
    assert len(rows) == sizes.loc[kept].sum()


ROWS = pd.DataFrame(
    {
        "text": [" The", "the ", "THE", "7", "7", "\n"],
        "kind": ["word", "word", "word", "digit", "digit", "other"],
        "weight": [0.1, 0.2, 0.3, 0.9, 1.0, 0.5],
        "nll": [0.1, 0.2, 0.3, 1.0, 2.0, 0.0],
    }
)


def test_words_are_counted_without_case_and_space():
    table = token_summary.word_table(ROWS, least=2)
    assert table["token"].tolist() == ["the", "7"]
    assert table["count"].tolist() == [3, 2]
    assert table["mean weight"].tolist() == pytest.approx([0.2, 0.95])


def test_a_box_is_drawn_from_the_quantiles():
    boxes = {box.name: box for box in token_summary.classes_figure(ROWS).data}
    assert set(boxes) == {"words", "digits", "other"}
    assert boxes["words"].median[0] == pytest.approx(0.2)
    assert boxes["words"].q1[0] == pytest.approx(0.15)


def test_the_loss_figure_counts_every_token():
    figure = token_summary.loss_figure(ROWS, dark=False)
    assert np.nansum(figure.data[0].customdata) == len(ROWS)
