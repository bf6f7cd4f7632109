"""Two sets of weights of one rationale: another run or seed, or another epoch, side by side and as a difference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from kpod.charts.keypoints import scales, weights_by_epoch
from kpod.charts.text import one_line
from kpod.charts.token_comparison import agreement_figure, agreement_figures, comparison_payload, in_units, pieces_of
from kpod.run_store import Run
from kpod.token_analysis import rows_of_places, same_tokens
from kpod.ui import address, parts, reads, state
from kpod.ui.components import make_component
from kpod.ui.corpus import read_corpus
from kpod.ui.saved_figures import figure, format_choice
from kpod.ui.token_units import unit_choice

THRESHOLD = 0.5
_MOUNT = make_component("token_comparison", "tc", "component_common", "token_picture", "token_compare")


@dataclass(frozen=True)
class Side:
    """One side of the comparison: a run's tokens of the question, or its words or steps, and their weights."""

    run: Run
    epoch: str
    tokens: pd.DataFrame
    weights: np.ndarray
    rationale: str

    @property
    def name(self) -> str:
        return f"{one_line(self.run.name, 40)}, epoch {self.epoch}"


def compare_view(run: Run, question: str) -> None:
    """Choose the sides and show them."""
    runs = {key: one for key, one in reads.all_runs().runs.items() if _has_weights(one)}
    key_a = next(key for key, one in runs.items() if one.folder == run.folder)
    left, right = st.columns(2, gap="large")
    with left:
        first = _side(run, question, "epoch", "A: this run, epoch", latest=True)
    with right:
        names = [key_a, *(key for key in runs if key != key_a)]
        address.settle("other", names)
        labels = state.distinct_labels({key: one_line(runs[key].name, 60) for key in names})
        with st.container(horizontal=True, vertical_alignment="bottom", key="other-bar"):
            st.selectbox("B: run", names, format_func=labels.__getitem__, key="other")
            other = runs[st.session_state["other"]]
            same = other.folder == run.folder
            second = _side(other, question, "other_epoch", "epoch", latest=not same)
    if second is None or first is None:
        parts.empty_state(
            "The other run does not know this question",
            "Two runs can be compared on questions that both learned from. Choose another run or another question.",
        )
        return
    if first.rationale != second.rationale:
        parts.empty_state(
            "The rationales differ",
            "Both runs learned from this question, but from different rationales: their tokens have no common places.",
        )
        return
    unit, how = unit_choice()
    _show(question, _in_units(first, unit, how), _in_units(second, unit, how), unit, how)
    _over_the_corpus(first, second)


def _in_units(side: Side, unit: str, how: str) -> Side:
    tokens, weights = in_units(side.rationale, side.tokens, side.weights, unit, how)
    return replace(side, tokens=tokens, weights=weights)


def _show(question: str, first: Side, second: Side, unit: str, how: str) -> None:
    pieces = pieces_of(first.rationale, first.tokens, second.tokens)
    if not len(pieces.starts):
        parts.empty_state("Nothing to compare", "No token of one side covers text that a token of the other covers.")
        return
    parts.figures(agreement_figures(first.weights[pieces.first], second.weights[pieces.second], THRESHOLD))
    payload = comparison_payload(first.rationale, first.tokens, first.weights, second.tokens, second.weights)
    identity = "\n".join((question, *(f"{side.run.folder}\n{side.epoch}" for side in (first, second)), unit, how))
    names = [f"A: {first.name}", f"B: {second.name}"]
    looks = {"key": identity, "names": names, "name": question, "unit": unit, "scales": scales()}
    _MOUNT(data={**payload, **looks}, key="comparison")


def _side(run: Run, question: str, parameter: str, label: str, *, latest: bool) -> Side | None:
    """The choice of an epoch, and what a run holds of the question; None where the run did not learn from it."""
    questions = reads.table(run, "questions")
    known = questions.index[questions["question"] == question]
    tokens = reads.rows(run, "tokens", question) if len(known) else pd.DataFrame()
    if tokens.empty:
        return None
    tokens = tokens.sort_values("position", kind="stable")
    history = reads.rows(run, "weight_history", question) if run.has("weight_history") else None
    labels, rows = weights_by_epoch(tokens, history)
    options = labels[::-1] if latest else labels
    address.settle(parameter, options)
    epoch = st.selectbox(label, options, key=parameter, width=180)
    return Side(run, epoch, tokens, rows[labels.index(epoch)], questions.loc[known[0], "rationale"])


def _over_the_corpus(first: Side, second: Side) -> None:
    """The same comparison over all rationales that both runs have."""
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom", key="agreement-head"
    ):
        parts.section("Over all rationales", "The same two, on every token that both have at the same place of a text.")
        format_choice()
    with st.spinner("Reading all tokens …"):
        runs = (first.run, second.run)
        stamps = tuple(reads.stamp(one, name) for one in runs for name in ("tokens", "weight_history"))
        folders = tuple(str(one.folder) for one in runs)
        epochs = first.epoch, second.epoch
        both = _corpus_weights(folders, stamps, epochs, runs)
    if not len(both[0]):
        parts.empty_state("No common tokens", "The tokenisers of the two runs cut every text at different places.")
        return
    left, right = st.columns([5, 6], gap="large")
    with left:
        figure(agreement_figure(*both, ("A", "B"), state.is_dark()), "agreement")
    with right:
        st.caption(f"{len(both[0]):,} tokens of both")
        parts.figures(_corpus_agreement(folders, stamps, epochs, runs))


def _has_weights(run: Run) -> bool:
    return run.has("questions") and run.has("tokens", "weight")


@st.cache_resource(max_entries=4, show_spinner=False)
def _corpus_weights(
    folders: object, stamps: object, epochs: tuple[str, str], _runs: tuple[Run, Run]
) -> tuple[np.ndarray, np.ndarray]:
    corpora = [read_corpus(run) for run in _runs]
    texts = dict(zip(corpora[0].ids, corpora[0].rationales, strict=True))
    numbers = {question: index for index, question in enumerate(corpora[0].ids)}
    # Questions of B by A's numbers; -1 where A lacks the question or has another rationale.
    same = [
        numbers[question] if text is not None and texts.get(question) == text else -1
        for question, text in zip(corpora[1].ids, corpora[1].rationales, strict=True)
    ]
    spans_a, spans_b = corpora[0].spans, corpora[1].spans
    rows_a, rows_b = same_tokens(*spans_a, np.array(same)[spans_b[0]], *spans_b[1:])
    weights = [_epoch_weights(run, epoch) for run, epoch in zip(_runs, epochs, strict=True)]
    first, second = weights[0][rows_a], weights[1][rows_b]
    known = ~(np.isnan(first) | np.isnan(second))
    return first[known], second[known]


@st.cache_resource(max_entries=16, show_spinner=False)
def _corpus_agreement(
    folders: object, stamps: object, epochs: tuple[str, str], _runs: tuple[Run, Run]
) -> list[tuple[str, str, str]]:
    return agreement_figures(*_corpus_weights(folders, stamps, epochs, _runs), THRESHOLD)


def _epoch_weights(run: Run, epoch: str) -> np.ndarray:
    """Weights of all tokens in an epoch (tokens,), NaN where the history has only a sample of them."""
    tokens = read_corpus(run).tokens
    if not epoch.isdigit():
        return tokens["weight"].to_numpy()
    history = run.table("weight_history", ("question_index", "position", "weight"), epoch=int(epoch))
    places = tokens["question_index"].to_numpy(), tokens["position"].to_numpy()
    wanted = history["question_index"].to_numpy(), history["position"].to_numpy()
    rows, known = rows_of_places(*places, *wanted)
    result = np.full(len(tokens), np.nan)
    result[rows[known]] = history["weight"].to_numpy()[known]
    return result
