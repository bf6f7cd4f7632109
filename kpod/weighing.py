"""A run's trained weight generator on rationales that it has not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.preparation import encode_all, examples_of_tables, questions_table, tokens_table
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.records import Question
from kpod.run_store import Run
from kpod.stage_cache import checkpoint_hash
from kpod.students.checkpoint_source import resolve_student
from kpod.students.loading import load_student
from kpod.students.registry import Family, read_family
from kpod.token_weighting.applying import load_generator, weights_of

GENERATOR = "weight_generator.safetensors"
NO_LIMIT = 10**9  # tokens: the generator reads embeddings alone, so no student's context bounds it


@dataclass(frozen=True)
class Weighed:
    """New rationales with weights: the tables that a run has of its own, and their tokens.

    tokens has `weight`. given: the rationale of each question as it stood in the data; in the tables, white space at
    its edges is gone. too_long: ids of questions that were left out for their length.
    """

    questions: pd.DataFrame
    tokens: pd.DataFrame
    examples: list[EncodedExample]
    given: list[str]
    too_long: list[str]

    def table(self) -> pd.DataFrame:
        """A row a token: question, position, character_start, character_end (in the rationale as given), weight."""
        before = np.array([len(text) - len(text.lstrip()) for text in self.given], dtype="int32")
        shift = before[self.tokens["question_index"].to_numpy()]
        return pd.DataFrame(
            {
                "question": self.tokens["question"].astype("string"),
                "position": self.tokens["position"],
                "character_start": self.tokens["character_start"] + shift,
                "character_end": self.tokens["character_end"] + shift,
                "weight": self.tokens["weight"],
            }
        )


class TrainedGenerator:
    """The weight generator of a run with the student whose embeddings it reads.

    student: where the student is now, if not where the run names it. Raises InputError where the run keeps no
    generator that can be read, or the student is not the one that it was learned with.
    """

    def __init__(self, run: Run, reporter: Reporter | None = None, student: str | None = None):
        self.run, self.reporter = run, reporter or Reporter()
        generator = load_generator(run.folder / GENERATOR)
        self.folder = resolve_student(student or run.config.student.name, self.reporter.log).folder
        known = run.state.input_hashes.get("student")
        if known != checkpoint_hash(self.folder):
            raise InputError(
                f"The weights of run {run.name!r} were learned with another student than the one in {self.folder}: "
                "its weights or its tokenizer differ, so its tokens would mean something else. Give the same "
                f"checkpoint with --student (the run names {run.config.student.name!r})."
            )
        dtype = run.state.input_hashes.get("dtype", run.config.student.dtype)
        self.model, self.tokenizer = load_student(self.folder, dtype=dtype, device=run.config.student.device)
        self.embedding = self.model.get_input_embeddings()
        self.generator = generator.to(self.embedding.weight.device)

    @cached_property
    def family(self) -> Family:
        return read_family(self.folder)

    def weigh(self, questions: Sequence[Question], max_tokens: int = NO_LIMIT) -> Weighed:
        """Weights for the rationales of questions; those of more than `max_tokens` tokens are left out.

        Raises RunCancelled where asked to stop.
        """
        reporter = self.reporter
        reporter.start("tokens", len(questions), unit="rationales")
        mode = self.run.config.steps.mode
        found, lengths = encode_all(questions, self.tokenizer, mode, max_tokens, reporter=reporter, family=self.family)
        examples = [example.encoded for example in found]
        tokens = tokens_table(found)
        tokens["weight"] = np.concatenate(self.weights(examples)).astype("float32")
        given = {question.id: question.rationale or "" for question in questions}
        table = questions_table([example.question for example in found], trained=False)
        texts = [given[identifier] for identifier in table["question"]]
        return Weighed(table, tokens, examples, texts, lengths.skipped)

    def weights(self, examples: Sequence[EncodedExample]) -> list[np.ndarray]:
        """w of every rationale token of tokenised examples."""
        self.reporter.start("weights", len(examples), unit="rationales")
        pad_id = self.tokenizer.pad_token_id
        return weights_of(self.generator, self.embedding, examples, pad_id, self.reporter)

    def own_examples(self) -> list[EncodedExample]:
        """The run's own rationales, in the order of its tables."""
        found = examples_of_tables(self.run.questions, self.run.steps, self.tokenizer, self.family)
        return [example.encoded for example in found]


def read_rationales(
    source: str,
    *,
    task: str | None = None,
    fields: dict[str, str] | None = None,
    split: str | None = None,
    limit: int | None = None,
    unlike: Run | None = None,
) -> tuple[list[Question], int]:
    """The first `limit` questions of a source with a rationale, and how many were passed over for `unlike`: a run whose
    own questions (by id or by text) are left out, so that what is left was not learned from.

    Raises InputError where the source cannot be read, or nothing is left.
    """
    questions, _ = find_source(source).questions(task, "suffix", fields)
    in_split = [question for question in questions if split in (None, question.split)]
    if not in_split:
        names = ", ".join(sorted({question.split for question in questions}))
        raise InputError(f"No question of {source} has split {split!r}; there are {names}. Set --split to one of them.")
    told = [question for question in in_split if question.rationale is not None]
    if not told:
        raise InputError(
            f"None of the {len(in_split)} questions of {source} has a rationale, and weights are of rationales. Name "
            "the column with --fields rationale=COLUMN, or have a teacher write some: python -m kpod teach."
        )
    new = told if unlike is None else _unseen(told, unlike)
    if not new:
        raise InputError(
            f"The run has learned from all {len(told)} rationales of {source}. Give others, or leave --on away to look "
            "at those that it has learned from."
        )
    return new[:limit], len(told) - len(new)


def _unseen(questions: Sequence[Question], run: Run) -> list[Question]:
    own: Any = run.questions
    own = own[own["trained"].astype(bool)]
    names = own["part_of"].fillna(own["question"]) if "part_of" in own else own["question"]
    ids, texts = set(names.astype(str)), set(own["text"].astype(str))
    return [question for question in questions if question.id not in ids and question.text not in texts]
