"""From a file of questions to the tables of questions, steps and tokens: what is used, what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample, encode_example, encode_prompt, fill_template
from kpod.records import Question, Span
from kpod.step_splitting import split_steps
from kpod.tasks.small_world.roles import token_roles
from kpod.teacher import Rules, filter_rationales


@dataclass(frozen=True)
class Example:
    """A training question with its steps and its tokens."""

    question: Question
    steps: list[Span]
    encoded: EncodedExample


def choose_training(questions: Sequence[Question], *, split: str, keep_wrong: bool) -> tuple[list[Question], Any]:
    """The questions of the split with a usable rationale, and a report of those left out by reason."""
    in_split = [question for question in questions if question.split == split]
    if not in_split:
        found = sorted({question.split for question in questions})
        raise InputError(f"No question has split {split!r}; the data have {', '.join(found)}. Set data.train_split.")
    kept, report = filter_rationales(in_split, Rules(wrong_rationales="keep" if keep_wrong else "drop"))
    if not kept:
        raise InputError(
            f"None of the {len(in_split)} questions of split {split!r} has a usable rationale: {report.dropped}."
        )
    return list(kept), report.dropped


def choose_evaluation(questions: Sequence[Question], *, split: str, limit: int | None) -> list[Question]:
    """The first `limit` questions of the split to be measured on."""
    chosen = [question for question in questions if question.split == split][:limit]
    if not chosen:
        found = sorted({question.split for question in questions})
        raise InputError(
            f"No question has split {split!r} to measure on; the data have {', '.join(found)}. "
            "Set data.evaluation_split or data.evaluation_source."
        )
    return chosen


def check_disjoint(training: pd.DataFrame, evaluation: pd.DataFrame) -> None:
    """Raise InputError where a question is both trained on and measured, or an id names two questions.

    Both tables have the columns question (its id) and text.
    """
    trained = dict(zip(training["question"], training["text"], strict=True))
    both = [row for row in evaluation[["question", "text"]].itertuples(index=False) if row.question in trained]
    if not both:
        return
    first = both[0]
    if first.text != trained[first.question]:
        raise InputError(
            f"The id {first.question!r} names a training question and another one to measure on ({len(both)} such "
            "ids). Make the ids of the two files distinct."
        )
    raise InputError(
        f"{len(both)} questions are both trained on and measured, {first.question!r} among them. "
        "Use another split for data.evaluation_split than for data.train_split."
    )


def check_room(texts: Sequence[str], tokenizer: Any, max_new_tokens: int, context: int | None) -> None:
    """Raise InputError where a question and the longest output do not both fit into the student's context."""
    longest = max(len(encode_prompt(text, tokenizer)) for text in texts)
    if context is not None and longest + max_new_tokens > context:
        raise InputError(
            f"The longest question to measure on has {longest} tokens; with evaluation.max_new_tokens = "
            f"{max_new_tokens} that is more than the student's context of {context}. Lower "
            "evaluation.max_new_tokens, shorten the questions, or take another student."
        )


def encode_question(question: Question, tokenizer: Any, mode: str) -> Example:
    """Split the rationale into steps and tokenise the template text.

    A step without a token of its own (its characters share one with the step before, as in "e.g." split at every
    period) becomes part of the step before.
    """
    assert question.rationale is not None
    steps = split_steps(question.rationale, mode)
    template = fill_template(question.text, question.rationale, question.answer)
    encoded = encode_example(template, steps, tokenizer)
    owned = np.unique(encoded.token_steps)
    if len(owned) < len(steps):
        last_parts = [*(owned[1:] - 1), len(steps) - 1]
        steps = [(steps[first][0], steps[last][1]) for first, last in zip(owned, last_parts, strict=True)]
        encoded = encode_example(template, steps, tokenizer)
    return Example(question, steps, encoded)


def encode_all(
    questions: Sequence[Question],
    tokenizer: Any,
    mode: str,
    max_tokens: int,
    limit: int | None = None,
    reporter: Reporter | None = None,
) -> tuple[list[Example], list[str]]:
    """The first `limit` examples that fit into `max_tokens`, and the ids of those passed over because they do not.

    Raises InputError where none fits, RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    fitting, too_long, lengths = [], [], []
    for question in questions:
        if reporter.cancelled():
            raise RunCancelled("Stopped while the questions were read.")
        example = encode_question(_stripped(question), tokenizer, mode)
        lengths.append(len(example.encoded))
        if lengths[-1] > max_tokens:
            too_long.append(question.id)
        else:
            fitting.append(example)
        reporter.advance()
        if limit is not None and len(fitting) == limit:
            break
    if not fitting:
        raise InputError(
            f"All {len(questions)} questions with their rationales are longer than {max_tokens} tokens, the least of "
            f"student.max_tokens and the student's context; the shortest has {min(lengths)} tokens. Raise "
            "student.max_tokens, take another student, or shorten the data."
        )
    return fitting, too_long


def questions_table(questions: Sequence[Question], *, trained: bool) -> pd.DataFrame:
    """The rows of the table of questions that are trained on, in the order of `question_index`, or those that are not."""
    rows = [
        {
            "question": q.id,
            "text": q.text,
            "answer": q.answer,
            "split": q.split,
            "rationale": q.rationale,
            "teacher": q.teacher,
            "teacher_correct": q.teacher_correct,
            "choices": q.choices,
            "num_steps": number_of_steps(q),
            "trained": trained,
        }
        for q in questions
    ]
    frame = pd.DataFrame(rows)
    for column in ("question", "text", "answer", "split", "rationale", "teacher"):
        frame[column] = frame[column].astype("string")
    frame["teacher_correct"] = frame["teacher_correct"].astype("boolean")
    frame["num_steps"] = frame["num_steps"].astype("Int32")
    return frame


def number_of_steps(question: Question) -> int | None:
    """How many steps a question takes: as the data say, else as its rationale has, else unknown."""
    if question.num_steps is not None or question.rationale is None:
        return question.num_steps
    return len(split_steps(question.rationale))


def steps_table(examples: Sequence[Example]) -> pd.DataFrame:
    """One row a step: question, step, its characters of the rationale, its text."""
    rows = [
        {
            "question_index": index,
            "question": example.question.id,
            "step": step,
            "character_start": start,
            "character_end": end,
            "text": example.question.rationale[start:end],
        }
        for index, example in enumerate(examples)
        for step, (start, end) in enumerate(example.steps)
    ]
    return pd.DataFrame(rows)


def tokens_table(examples: Sequence[Example]) -> pd.DataFrame:
    """One row a rationale token: question, position, its characters of the rationale, its step.

    And its role, where the data say what the parts of every rationale are.
    """
    with_roles = all(example.question.roles is not None for example in examples)
    frames = []
    for index, example in enumerate(examples):
        encoded = example.encoded
        frames.append(
            pd.DataFrame(
                {
                    "question_index": index,
                    "question": example.question.id,
                    "position": range(encoded.num_rationale),
                    "character_start": encoded.token_spans[:, 0],
                    "character_end": encoded.token_spans[:, 1],
                    "step": encoded.token_steps,
                }
            )
        )
        if with_roles:
            question = example.question
            frames[-1]["role"] = token_roles(question.rationale, encoded.token_spans, question.roles)
    frame = pd.concat(frames, ignore_index=True)
    if with_roles:
        frame["role"] = frame["role"].astype("category")
    return frame.astype(
        {
            "question": "category",
            "question_index": "int32",
            "position": "int32",
            "step": "int32",
            "character_start": "int32",
            "character_end": "int32",
        }
    )


def examples_of_tables(questions: pd.DataFrame, steps: pd.DataFrame, tokenizer: Any) -> list[Example]:
    """The examples of a run again, from its tables: later stages use the artefacts and not the source file."""
    by_question = steps.groupby("question_index")[["character_start", "character_end"]]
    spans = {index: [tuple(row) for row in rows.to_numpy().tolist()] for index, rows in by_question}
    examples = []
    for index, row in enumerate(questions[questions["trained"]].itertuples(index=False)):
        question = Question(row.question, row.text, row.answer, row.rationale, row.split)
        template = fill_template(question.text, row.rationale, question.answer)
        examples.append(Example(question, spans[index], encode_example(template, spans[index], tokenizer)))
    return examples


def _stripped(question: Question) -> Question:
    assert question.rationale is not None
    text = question.rationale.strip()
    if question.roles is None or text == question.rationale:
        return replace(question, rationale=text)
    offset = len(question.rationale) - len(question.rationale.lstrip())
    shifted = [
        (max(0, start - offset), min(len(text), end - offset), role)
        for start, end, role in question.roles
        if start - offset < len(text) and end > offset
    ]
    return replace(question, rationale=text, roles=tuple(shifted))
