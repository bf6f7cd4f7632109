"""The data before a run: whether they can be read, and how many questions, steps and tokens there are. No torch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kpod.config import DataSettings, RunConfig
from kpod.data_sources import find_source
from kpod.errors import InputError
from kpod.evaluation_sets import load_sets, sets_of
from kpod.preflight.problem import Problem, error, warning
from kpod.preparation import check_disjoint, choose_training
from kpod.prompts import ANSWER_TRIGGER, fill_template, question_prompt
from kpod.records import Question
from kpod.step_splitting import split_steps
from kpod.teacher import Rules

CHARACTERS_A_TOKEN = 3.6  # of English prose with numbers, where the tokeniser is not at hand


@dataclass(frozen=True)
class DataFigures:
    """Counts of what a run would learn from and be measured on.

    tokens: of the whole template texts. longest: tokens of the longest that is used. prefix_tokens: of the copies of
    trigger and answer that mask learning adds, one a step. output_tokens: of a typical rationale with its answer.
    """

    questions: int
    steps: int
    tokens: int
    rationale_tokens: int
    longest: int
    prefix_tokens: int
    evaluation_questions: int
    evaluation_prompt_tokens: int
    output_tokens: int


def check_data(config: RunConfig, folder: Path | None, context: int | None) -> tuple[DataFigures | None, list[Problem]]:
    """Counts and problems of the data; `folder` has the student's tokeniser, `context` the most tokens it takes."""
    data = config.data
    absent, problems = _not_here(data)
    if absent or problems:
        return None, [*problems, *absent]
    try:
        loaded = find_source(data.source).questions(data.task, data.duplicates, data.fields)[0]
        training, _ = choose_training(loaded, split=data.train_split, rules=Rules.of(data))
    except InputError as refused:
        return None, [error("data.source", refused)]
    try:
        sets = sets_of(data)
        found = load_sets(sets[:1])
    except InputError as refused:
        return None, [error("data.evaluation_source", refused)]
    try:
        found = load_sets(sets) if len(sets) > 1 else found
    except InputError as refused:
        return None, [error("data.evaluation_sets", refused)]
    measured = [question for each in found for question in each.questions]
    count = token_counter(folder)
    texts = [fill_template(q.text, (q.rationale or "").strip(), q.answer).text for q in training]
    lengths = count(texts)
    limit = min(config.student.max_tokens, context or config.student.max_tokens)
    # A rationale that is split comes in parts of about the limit, with the steps of those before it once more.
    fitting = np.flatnonzero((lengths <= limit) | (data.overlong == "split"))[: data.train_limit]
    if not len(fitting):
        return None, [
            error(
                "student.max_tokens",
                f"All {len(training)} questions with their rationales are longer than {limit} tokens; the shortest "
                f"has about {lengths.min()}.",
                "Raise student.max_tokens, or take another student.",
            )
        ]
    used = [training[index] for index in fitting]
    figures = _figures(config, used, lengths[fitting], limit, measured, count)
    return figures, [*_disjoint(used, measured), *_remarks(config, figures, training, lengths, limit, context)]


def _not_here(data: DataSettings) -> tuple[list[Problem], list[Problem]]:
    """Warnings of the sources that have yet to be fetched, and errors of those that are none."""
    further = [("data.evaluation_sets", entry.source) for entry in data.evaluation_sets or ()]
    named = [("data.source", data.source), ("data.evaluation_source", data.evaluation_source), *further]
    absent, refused = [], []
    for setting, name in named:
        try:
            if name and not find_source(name).is_here():
                what = f"{name} is not in the hub's cache yet, so nothing is known of it."
                absent.append(warning(setting, what, "It is fetched when the run starts."))
        except InputError as reason:
            refused.append(error(setting, reason))
    return absent, refused


def token_counter(folder: Path | None) -> Callable[[Sequence[str]], np.ndarray]:
    """Counts the tokens of texts, the end token too: by the student's own tokeniser, else by their characters."""
    path = folder / "tokenizer.json" if folder is not None else None
    if path is None or not path.is_file():
        return lambda texts: np.array([round(len(text) / CHARACTERS_A_TOKEN) + 1 for text in texts])
    tokenizer = _tokenizer(path, path.stat().st_mtime_ns)
    return lambda texts: np.array(
        [len(encoding.ids) + 1 for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    )


@functools.lru_cache(maxsize=4)
def _tokenizer(path: Path, changed_ns: int) -> object:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def num_prefixes(prefixes: str, tokens: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """How many prefixes of each rationale predict its answer in mask learning, by its tokens and its steps."""
    if prefixes.startswith("sample:"):
        return np.minimum(int(prefixes.removeprefix("sample:")), tokens)
    return tokens if prefixes == "all" else steps


def _figures(
    config: RunConfig,
    used: Sequence[Question],
    lengths: np.ndarray,
    limit: int,
    measured: Sequence[Question],
    count: Callable[[Sequence[str]], np.ndarray],
) -> DataFigures:
    steps = np.array([len(split_steps((q.rationale or "").strip(), config.steps.mode)) for q in used])
    rationales = count([(q.rationale or "").strip() for q in used]) - 1
    suffixes = count([f"\n{ANSWER_TRIGGER} {q.answer}." for q in used])
    copies = num_prefixes(config.weights.effective.prefixes, rationales, steps)
    return DataFigures(
        questions=len(used),
        steps=int(steps.sum()),
        tokens=int(lengths.sum()),
        rationale_tokens=int(rationales.sum()),
        longest=min(limit, int(lengths.max())),
        prefix_tokens=int((copies * (suffixes - 2)).sum()),
        evaluation_questions=len(measured),
        evaluation_prompt_tokens=int(count([question_prompt(q.text) for q in measured]).sum()),
        output_tokens=int(np.quantile(rationales + suffixes, 0.9)),
    )


def _disjoint(used: Sequence[Question], measured: Sequence[Question]) -> list[Problem]:
    tables = [
        pd.DataFrame({"question": [q.id for q in group], "text": [q.text for q in group]}) for group in (used, measured)
    ]
    try:
        check_disjoint(*tables)
    except InputError as refused:
        return [error("data.evaluation_split", refused)]
    return []


def _remarks(
    config: RunConfig,
    figures: DataFigures,
    training: Sequence[Question],
    lengths: np.ndarray,
    limit: int,
    context: int | None,
) -> list[Problem]:
    """What the data make of settings: questions left out, outputs cut short, more clusters than questions."""
    data, room, problems = config.data, config.evaluation.max_new_tokens, []
    too_long = int((lengths > limit).sum())
    if too_long and data.overlong == "skip":
        what = f"{too_long} of {len(training)} questions with their rationales are longer than {limit} tokens."
        problems.append(
            warning("student.max_tokens", what, "They are skipped: raise it, or set data.overlong to split.")
        )
    if data.train_limit is not None and figures.questions < data.train_limit:
        what = f"It is {data.train_limit}, and {figures.questions} questions can be used."
        problems.append(warning("data.train_limit", what))
    if config.clustering.num_clusters > figures.questions:
        what = f"{config.clustering.num_clusters} clusters of {figures.questions} training questions."
        problems.append(error("clustering.num_clusters", what, f"Lower it to {figures.questions} or less."))
    if room < figures.output_tokens:
        what = (
            f"An output ends after {room} tokens; one in ten of the teacher's is longer than {figures.output_tokens}."
        )
        problems.append(warning("evaluation.max_new_tokens", what, "Raise it, or longer outputs have no answer."))
    if context is not None and room + figures.evaluation_prompt_tokens / figures.evaluation_questions > context:
        what = f"The question and {room} tokens of output do not fit into the student's context of {context}."
        problems.append(error("evaluation.max_new_tokens", what, "Lower it, or take another student."))
    return problems
