"""Keypoints over the whole run: which kinds of token and which words carry weight, and whether common ones lose it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts import token_summary as summary
from kpod.charts.text import reveal
from kpod.run_store import Run
from kpod.token_analysis import correlation, frequency_bins, mean_weights_by_kind, word_weights
from kpod.ui import parts, reads, state
from kpod.ui.corpus import Corpus, read_corpus, vocabulary_of
from kpod.ui.saved_figures import figure, format_choice
from kpod.ui.token_validation import validation_view

LEAST_COUNT = 3  # words that occur less often say little about themselves
WORDS_HEIGHT = 36 + 7 * 35  # pixels: seven whole rows
ROLE_HEIGHT = 52  # pixels: ten roles are as high as the two figures beside them


def corpus_view(run: Run) -> None:
    """All tokens of a run by kind, frequency, loss and epoch."""
    with st.spinner("Reading all tokens …"):
        corpus = read_corpus(run)
        vocabulary = vocabulary_of(run)
        words = _words(str(run.folder), reads.stamp(run, "tokens"), run)
    kinds, weights = vocabulary.token_kinds, corpus.column("weight")
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="corpus-head"
    ):
        rationales = corpus.tokens["question_index"].nunique()
        st.caption(f"{len(weights):,} tokens of {rationales:,} rationales.", width="content")
        format_choice()
    left, right = st.columns(2, gap="large")
    with left:
        parts.section("Weight by kind of token", "Median, quartiles, 5% and 95%.")
        figure(summary.classes_figure(kinds, weights), "classes")
    if "role" in corpus.tokens:
        with right:
            _by_role(corpus, weights)
    over_epochs = (left if "role" in corpus.tokens else right).container()
    left, right = st.columns(2, gap="large")
    with left:
        _against_loss(run, corpus, weights)
    with right:
        rho = correlation(words["count"].to_numpy(), words["weight"].to_numpy())
        parts.section("Do common tokens lose weight?", _frequency_sentence(rho, len(words)))
        figure(summary.frequency_figure(words, frequency_bins(words)), "frequency")
    _word_table(words)
    with over_epochs:  # the last to be drawn: it alone reads the weights of every epoch
        _over_epochs(run)
    validation_view(run)


def _by_role(corpus: Corpus, weights: np.ndarray) -> None:
    parts.section("Weight by role", "What each token is for, which the made problems know.")
    groups, names = pd.factorize(corpus.column("role"), sort=True, use_na_sentinel=False)
    figure(summary.spread_figure([str(name) for name in names], groups, weights, ROLE_HEIGHT), "roles")


def _over_epochs(run: Run) -> None:
    if run.has("weight_history"):
        parts.section("Kinds over the epochs", "Mean weight of each kind as the mask was learned.")
        with st.spinner("Reading the weights of every epoch …"):
            means = _kind_means(str(run.folder), reads.stamp(run, "weight_history"), run)
        figure(summary.kinds_over_epochs_figure(means), "kinds-over-epochs")


def _against_loss(run: Run, corpus: Corpus, weights: np.ndarray) -> None:
    if corpus.nll is None:
        parts.section("Weight against the loss of the token")
        parts.not_yet(run, "token losses", "losses")
        return
    rho = _loss_correlation(str(run.folder), reads.stamp(run, "tokens"), run)
    said = "" if rho is None else f" Spearman's rank correlation {rho:+.2f}."
    parts.section("Weight against the loss of the token", f"The stronger the colour, the more tokens.{said}")
    figure(summary.loss_figure(corpus.nll, weights, state.is_dark()), "loss")


def _frequency_sentence(rho: float | None, count: int) -> str:
    if rho is None:
        return f"{count:,} different tokens; a rank correlation is not defined for them."
    trend = "no clear trend" if abs(rho) < 0.2 else f"common ones weigh {'less' if rho < 0 else 'more'}"
    return f"{count:,} different tokens. Rank correlation of frequency and mean weight {rho:+.2f}: {trend}."


def _word_table(words: pd.DataFrame) -> None:
    parts.section("Words and their weights", "Choose a row to see every occurrence.")
    frequent = words[words["count"] >= LEAST_COUNT].reset_index(drop=True)
    shown = frequent.assign(word=[reveal(word) for word in frequent["word"]])
    columns = {
        "count": st.column_config.NumberColumn(format="localized"),
        "weight": st.column_config.ProgressColumn("mean weight", format="%.2f", min_value=0.0, max_value=1.0),
        "spread": st.column_config.NumberColumn(format="%.2f", help="standard deviation of the weight"),
        "nll": st.column_config.NumberColumn("mean NLL", format="%.2f", help="before distillation, in nats"),
    }
    st.dataframe(
        shown,
        hide_index=True,
        height=WORDS_HEIGHT,
        key="words",
        column_config=columns,
        on_select=lambda: _open_word(frequent["word"].tolist()),
        selection_mode="single-row",
    )


def _open_word(words: list[str]) -> None:
    rows = st.session_state["words"]["selection"]["rows"]
    if rows and rows[0] < len(words):
        st.session_state.update({"view": "Concordance", "search": words[rows[0]], "match": "token"})


@st.cache_resource(max_entries=4, show_spinner=False)
def _words(folder: str, stamp: object, _run: Run) -> pd.DataFrame:
    corpus = read_corpus(_run)
    return word_weights(vocabulary_of(_run), corpus.column("weight"), corpus.nll)


@st.cache_resource(max_entries=4, show_spinner=False)
def _loss_correlation(folder: str, stamp: object, _run: Run) -> float | None:
    corpus = read_corpus(_run)
    return correlation(corpus.nll, corpus.column("weight"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _kind_means(folder: str, stamp: object, _run: Run) -> pd.DataFrame:
    corpus = read_corpus(_run)
    history = _run.table("weight_history")  # by itself large, and needed for these few numbers alone
    place = corpus.column("question_index"), corpus.column("position")
    return mean_weights_by_kind(vocabulary_of(_run).token_kinds, *place, history)
