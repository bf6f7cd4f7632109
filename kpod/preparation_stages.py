"""The stages that read questions: those to learn from, with steps and tokens, and those to be measured on."""

from __future__ import annotations

import pandas as pd

from kpod.errors import InputError
from kpod.evaluation_sets import load_sets
from kpod.lengths import Lengths
from kpod.preparation import (
    check_disjoint,
    check_room,
    choose_training,
    count_unknown,
    encode_all,
    questions_table,
    steps_table,
    tokens_table,
)
from kpod.records import Question
from kpod.stage_context import Context
from kpod.teacher import Rules
from kpod.teacher.duplicates import shared_questions

OF_ALL_TOGETHER = ["x", "y"]  # columns of the map, which has to be drawn anew when other questions are on it
OF_PARTS = ("part_of", "part", "parts", "given")  # columns of training questions where one was split


def prepare(context: Context) -> None:
    """The questions to learn from, their steps and tokens. Those to be measured on stay in the table as they are."""
    config, data = context.config, context.config.data
    loaded, task = context.source.questions(data.task, data.duplicates, data.fields, context.reporter.log)
    training, report = choose_training(loaded, split=data.train_split, rules=Rules.of(data))
    context.reporter.start("prepare", len(training), unit="questions")
    max_tokens = min(config.student.max_tokens, context.context_length or config.student.max_tokens)
    examples, lengths = encode_all(
        training,
        context.tokenizer,
        config.steps.mode,
        max_tokens,
        data.train_limit,
        context.reporter,
        data.overlong,
        context.family,
    )
    if lengths.skipped:
        context.reporter.warn(_too_long(lengths, config.student.max_tokens, data.overlong))
    unknown = count_unknown(examples, context.tokenizer)
    if unknown:
        context.reporter.warn(
            f"{unknown} tokens of the rationales are {context.tokenizer.unk_token} to the student's tokeniser: "
            "it can neither read nor write them. Rewrite what it does not know (T5's has no braces and no <), or take "
            "another student."
        )
    used = questions_table([example.question for example in examples], trained=True)
    measured = None
    if "evaluation set" in context.run.state.stages:
        known = context.run.questions
        measured = known[~known["trained"]].drop(columns=["cluster", *OF_ALL_TOGETHER, *OF_PARTS], errors="ignore")
        check_disjoint(used, measured)
        context.summarise(shared_questions=_tell_shared(context, used, measured))
    context.run.write_table("questions", _joined(used, measured))
    context.run.write_table("steps", steps_table(examples))
    context.run.write_table("tokens", tokens_table(examples))
    context.summarise(
        questions=len(examples),
        task=task,
        dropped=report.dropped,
        checks=report.to_dict(),
        too_long=len(lengths.skipped),
        lengths=lengths.to_dict(),
        steps=sum(len(example.steps) for example in examples),
        tokens=sum(example.encoded.num_rationale for example in examples),
    )
    context.reporter.log(report.text())
    context.reporter.log(lengths.text())
    context.reporter.log(f"{len(examples)} training questions.")


def choose_evaluation_set(context: Context) -> None:
    """The questions to be measured on, in place of those before; what is known of the training questions stays."""
    config = context.config
    loaded = load_sets(context.evaluation_sets, context.reporter.log)
    chosen = [question for each in loaded for question in each.questions]
    context.reporter.start("evaluation set", len(chosen), unit="questions")
    texts = [question.text for question in chosen]
    check_room(texts, context.tokenizer, config.evaluation.max_new_tokens, context.context_length, context.family)
    measured = questions_table(chosen, trained=False)
    names = [each.name for each in loaded for _ in each.questions]
    measured["evaluation_set"] = pd.array(names, dtype="string")
    known = context.run.questions
    used = known[known["trained"]].drop(columns=[*OF_ALL_TOGETHER, "evaluation_set"], errors="ignore")
    check_disjoint(used, measured)
    shared = _tell_shared(context, used, measured)
    context.run.write_table("questions", _joined(used, measured))
    context.summarise(
        evaluation_questions=len(chosen),
        evaluation_task=loaded[0].task,
        evaluation_tasks={each.name: each.task for each in loaded},
        shared_questions=shared,
    )
    context.reporter.advance(len(chosen))
    counts = ", ".join(f"{each.name} {len(each.questions)}" for each in loaded)
    context.reporter.log(f"{len(chosen)} questions to measure on" + (f": {counts}." if len(loaded) > 1 else "."))


def _joined(used: pd.DataFrame, measured: pd.DataFrame | None) -> pd.DataFrame:
    """The training questions first; a question that is measured on has no cluster (-1) before the map gives it one."""
    if measured is None:
        return used
    if "cluster" in used:
        measured = measured.assign(cluster=-1)
    return pd.concat([used, measured], ignore_index=True).astype(used.dtypes.to_dict())


def _too_long(lengths: Lengths, wanted: int, overlong: str) -> str:
    window, skipped = lengths.window, lengths.skipped
    if window == wanted:
        whose, advice = f"{window} tokens", "Raise student.max_tokens to keep them"
    else:
        whose, advice = f"the student's context of {window} tokens", "Shorten them, take another student"
    if overlong == "skip":
        advice += ", or set data.overlong=split"
        return (
            f"{len(skipped)} of {len(lengths.tokens)} questions with their rationales are longer than {whose} and were "
            f"skipped (first: {skipped[0]}). {advice}."
        )
    return (
        f"{len(skipped)} of {len(lengths.tokens)} questions have a step that does not fit into {whose} behind its "
        f"question, and were skipped (first: {skipped[0]}). {advice}."
    )


def _tell_shared(context: Context, used: pd.DataFrame, measured: pd.DataFrame) -> int:
    """Warn of questions to learn from that are measured too, under another id, or refuse them; how many there are."""
    ids = used["part_of"].fillna(used["question"]) if "part_of" in used else used["question"]
    learnt = _as_questions(used.assign(question=ids).drop_duplicates("question"))
    shared = shared_questions(learnt, _as_questions(measured))
    if not shared:
        return 0
    same = sum(each.similarity == 1.0 for each in shared)
    first = shared[0]
    message = (
        f"{len(shared)} of {len(learnt)} questions to learn from are measured too, under another id: {same} with the "
        f"same text, {len(shared) - same} with nearly the same text, the same numbers and answer (first: "
        f"{first.training_id} and {first.evaluation_id})."
    )
    if context.config.data.shared_questions == "refuse":
        raise InputError(f"{message} Take them out of one of the two sets, or set data.shared_questions=warn.")
    context.reporter.warn(f"{message} What the student knows of them by heart counts as right.")
    return len(shared)


def _as_questions(table: pd.DataFrame) -> list[Question]:
    return [Question(row.question, row.text, row.answer) for row in table.itertuples(index=False)]
