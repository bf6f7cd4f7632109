"""The stages that read questions: those to learn from, with steps and tokens, and those to be measured on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kpod import tasks
from kpod.data_sources import DataSource
from kpod.preparation import (
    check_disjoint,
    check_room,
    choose_evaluation,
    choose_training,
    encode_all,
    questions_table,
    steps_table,
    tokens_table,
)
from kpod.records import Question
from kpod.stage_context import Context
from kpod.tasks.base import questions_from_rows
from kpod.tasks.loading import guess_task

OF_ALL_TOGETHER = ["x", "y"]  # columns of the map, which has to be drawn anew when other questions are on it


def prepare(context: Context) -> None:
    """The questions to learn from, their steps and tokens. Those to be measured on stay in the table as they are."""
    config, data = context.config, context.config.data
    loaded, task = _load(context.source, data.task, data.duplicates)
    training, dropped = choose_training(loaded, split=data.train_split, keep_wrong=data.keep_wrong_rationales)
    context.reporter.start("prepare", len(training), unit="questions")
    max_tokens = min(config.student.max_tokens, context.context_length or config.student.max_tokens)
    examples, too_long = encode_all(
        training, context.tokenizer, config.steps.mode, max_tokens, data.train_limit, context.reporter
    )
    if too_long:
        context.reporter.warn(
            _too_long(len(too_long), len(examples), max_tokens, config.student.max_tokens, too_long[0])
        )
    used = questions_table([example.question for example in examples], trained=True)
    measured = None
    if "evaluation set" in context.run.state.stages:
        known = context.run.questions
        measured = known[~known["trained"]].drop(columns=["cluster", *OF_ALL_TOGETHER], errors="ignore")
        check_disjoint(used, measured)
    context.run.write_table("questions", _joined(used, measured))
    context.run.write_table("steps", steps_table(examples))
    context.run.write_table("tokens", tokens_table(examples))
    context.summarise(
        questions=len(examples),
        task=task,
        dropped=dropped,
        too_long=len(too_long),
        steps=sum(len(example.steps) for example in examples),
        tokens=sum(example.encoded.num_rationale for example in examples),
    )
    context.reporter.log(f"{len(examples)} training questions; left out: {dropped}, {len(too_long)} too long.")


def choose_evaluation_set(context: Context) -> None:
    """The questions to be measured on, in place of those before; what is known of the training questions stays."""
    config, data = context.config, context.config.data
    loaded, task = _load(context.evaluation_source, data.task, data.duplicates)
    chosen = choose_evaluation(loaded, split=data.evaluation_split, limit=data.evaluation_limit)
    context.reporter.start("evaluation set", len(chosen), unit="questions")
    texts = [question.text for question in chosen]
    check_room(texts, context.tokenizer, config.evaluation.max_new_tokens, context.context_length)
    measured = questions_table(chosen, trained=False)
    known = context.run.questions
    used = known[known["trained"]].drop(columns=OF_ALL_TOGETHER, errors="ignore")
    check_disjoint(used, measured)
    context.run.write_table("questions", _joined(used, measured))
    context.summarise(evaluation_questions=len(chosen), evaluation_task=task)
    context.reporter.advance(len(chosen))
    context.reporter.log(f"{len(chosen)} questions to measure on.")


def _joined(used: pd.DataFrame, measured: pd.DataFrame | None) -> pd.DataFrame:
    """The training questions first; a question that is measured on has no cluster (-1) before the map gives it one."""
    if measured is None:
        return used
    if "cluster" in used:
        measured = measured.assign(cluster=-1)
    return pd.concat([used, measured], ignore_index=True).astype(used.dtypes.to_dict())


def _too_long(skipped: int, kept: int, max_tokens: int, wanted: int, first: str) -> str:
    if max_tokens == wanted:
        whose, advice = f"{max_tokens} tokens", "Raise student.max_tokens to keep them."
    else:
        whose, advice = f"the student's context of {max_tokens} tokens", "Shorten them, or take another student."
    return (
        f"{skipped} of {kept + skipped} questions with their rationales are longer than {whose} and were skipped "
        f"(first: {first}). {advice}"
    )


def _load(source: DataSource, name: str | None, duplicates: Any) -> tuple[list[Question], str]:
    """The questions of a source and the name of their task, guessed where none is given."""
    rows = source.rows()
    task = tasks.get(name) if name else guess_task(rows)
    return questions_from_rows(rows, task, source.place, duplicates), task.name
