"""All tokens of a run as the pages use them: only the columns they need, kept while the files stay the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from kpod.run_store import Run
from kpod.token_analysis import Vocabulary, read_vocabulary
from kpod.ui import reads

_COLUMNS = ("question_index", "position", "character_start", "character_end", "step", "weight", "nll", "role")


@dataclass(frozen=True)
class Corpus:
    """Rationales and ids by question index, and the tokens without their ids. Shared: never change it."""

    ids: list[str]
    rationales: list[str | None]
    tokens: pd.DataFrame

    def column(self, name: str) -> np.ndarray:
        return self.tokens[name].to_numpy()

    @property
    def nll(self) -> np.ndarray | None:
        return self.column("nll") if "nll" in self.tokens else None

    @property
    def spans(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Question index, first and last character of every token."""
        return tuple(self.column(name) for name in ("question_index", "character_start", "character_end"))


def read_corpus(run: Run) -> Corpus:
    """The corpus of a run that has weights; a million tokens take a few tenths of a second the first time."""
    return _corpus(str(run.folder), reads.stamp(run, "tokens"), reads.stamp(run, "questions"), run)


def vocabulary_of(run: Run) -> Vocabulary:
    """The different texts of a run's tokens."""
    return _vocabulary(str(run.folder), reads.stamp(run, "tokens"), reads.stamp(run, "questions"), run)


@st.cache_resource(max_entries=4, show_spinner=False)
def _corpus(folder: str, tokens_stamp: object, questions_stamp: object, _run: Run) -> Corpus:
    questions = reads.table(_run, "questions", ("question", "rationale"))
    rationales = [text if isinstance(text, str) else None for text in questions["rationale"].tolist()]
    return Corpus(questions["question"].tolist(), rationales, reads.table(_run, "tokens", _COLUMNS))


@st.cache_resource(max_entries=2, show_spinner=False)
def _vocabulary(folder: str, tokens_stamp: object, questions_stamp: object, _run: Run) -> Vocabulary:
    corpus = read_corpus(_run)
    return read_vocabulary(corpus.rationales, *corpus.spans)
