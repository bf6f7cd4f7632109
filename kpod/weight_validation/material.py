"""What a validation looks at: rationales, their tokens with weights, and what is known to be true of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kpod.errors import InputError
from kpod.records import Span
from kpod.run_store import Run
from kpod.token_analysis import Vocabulary, read_vocabulary
from kpod.weight_validation.truth import (
    Arithmetic,
    copied_numbers,
    covered,
    found_arithmetic,
    read_calculations,
    told_arithmetic,
)

TOLD, FOUND, ROLES = "calc of the data", "arithmetic found in the text", "roles of the small world"
_COLUMNS = ("question_index", "position", "character_start", "character_end", "step", "weight")


@dataclass(frozen=True)
class Material:
    """Rationales by question index, and a row a token: question_index, position, character_start, character_end, step,
    weight, and nll and role where they are known; sorted by question and position.

    arithmetic: the calculations of each rationale, None where they are not known. truth: how they are. history: the
    weights of every epoch of mask learning.
    """

    ids: list[str]
    texts: list[str]
    rationales: list[str]
    tokens: pd.DataFrame
    arithmetic: list[Arithmetic | None]
    truth: str
    history: pd.DataFrame | None = None

    def column(self, name: str) -> np.ndarray:
        return self.tokens[name].to_numpy()

    @property
    def question(self) -> np.ndarray:
        """The question index of every token."""
        return self.column("question_index")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return read_vocabulary(
            self.rationales, self.question, self.column("character_start"), self.column("character_end")
        )

    @cached_property
    def visible(self) -> np.ndarray:
        """Which tokens show something: those of white space are no keypoints, and are left out of every measure."""
        return np.array([bool(text.strip()) for text in self.vocabulary.texts], dtype=bool)[self.vocabulary.codes]

    @property
    def roles(self) -> np.ndarray | None:
        return self.tokens["role"].astype(str).to_numpy() if "role" in self.tokens else None

    def tokens_in(self, spans: Sequence[Sequence[Span] | None]) -> np.ndarray:
        """Which tokens lie in the spans of their rationale, (tokens,); none of a rationale whose spans are None."""
        starts, ends = self.column("character_start"), self.column("character_end")
        inside = np.zeros(len(self.tokens), dtype=bool)
        edges = np.searchsorted(self.question, np.arange(len(self.ids) + 1))
        for index, own in enumerate(spans):
            rows = slice(edges[index], edges[index + 1])
            if own:
                inside[rows] = covered(own, self.rationales[index], starts[rows], ends[rows])
        return inside

    def copied(self) -> np.ndarray:
        """Which tokens belong to numbers that stood before, in the question or the rationale."""
        return self.tokens_in([copied_numbers(*pair) for pair in zip(self.texts, self.rationales, strict=True)])


def make_material(
    questions: pd.DataFrame,
    tokens: pd.DataFrame,
    *,
    calculations: Mapping[str, tuple[str, list[list[Any]]]] | None = None,
    mode: str = "sentence",
    history: pd.DataFrame | None = None,
) -> Material:
    """The material of a table of questions (question, text, rationale; part_of where rationales were split), whose
    rows the tokens' question_index counts, and a table of tokens with weights."""
    used = questions.iloc[: int(tokens["question_index"].max()) + 1]
    ids, rationales = used["question"].astype(str).tolist(), used["rationale"].astype(str).tolist()
    whole = used["part_of"].fillna(used["question"]).astype(str).tolist() if "part_of" in used else ids
    if calculations is not None:
        pairs = zip(whole, rationales, strict=True)
        arithmetic = [told_arithmetic(calculations, identifier, text) for identifier, text in pairs]
    else:
        arithmetic = [found_arithmetic(text, mode) for text in rationales]
    truth = TOLD if calculations is not None else ROLES if "role" in tokens else FOUND
    return Material(ids, used["text"].astype(str).tolist(), rationales, tokens, arithmetic, truth, history)


def material_of_run(run: Run, truth: Path | None = None) -> Material:
    """The training rationales of a run with its weights. truth: a JSON Lines file with `calc`; None: the run's own
    source where that has it. Raises InputError where the run has no weights, or the file no such field."""
    columns = [*_COLUMNS, *(name for name in ("nll", "role") if run.has("tokens", name))]
    tokens = run.table("tokens", columns=columns)
    history = run.weight_history if run.has("weight_history") else None
    return make_material(
        run.questions,
        tokens,
        calculations=known_calculations(truth, run.config.data.source),
        mode=run.config.steps.mode,
        history=history,
    )


def known_calculations(truth: Path | None, source: str) -> dict[str, tuple[str, list[list[Any]]]] | None:
    """`calc` by question id, of the file `truth` or of the data's own; None where the data have none.

    Raises InputError where `truth` has none.
    """
    if truth is None:
        return read_calculations(Path(source).expanduser())
    known = read_calculations(truth)
    if known is None:
        raise InputError(
            f"{truth} has no calculations: a JSON Lines file whose rows have the field calc is wanted. Leave --truth "
            "away to go by the arithmetic that stands in the text."
        )
    return known
