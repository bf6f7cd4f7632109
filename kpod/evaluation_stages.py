"""The stages that measure a student: before distillation, and after."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kpod import tasks
from kpod.evaluation import Output, generate_outputs
from kpod.preparation import check_room
from kpod.stage_context import Context
from kpod.statistics import wilson_interval


def evaluate_base(context: Context) -> None:
    """The answers of the student before distillation."""
    _evaluate(context, "evaluate base", 0, context.load_student())


def evaluate(context: Context) -> None:
    """The answers of the distilled student."""
    _evaluate(context, "evaluate", context.config.distillation.epochs, context.load_trained_student())


def _evaluate(context: Context, stage: str, epoch: int, model: Any) -> None:
    settings, questions = context.config.evaluation, context.questions
    measured = questions[~questions["trained"]]
    texts = measured["text"].tolist()
    check_room(texts, context.tokenizer, settings.max_new_tokens, context.context_length)
    context.reporter.start(stage, len(measured), unit="questions")
    outputs = generate_outputs(
        model,
        context.tokenizer,
        texts,
        max_new_tokens=settings.max_new_tokens,
        batch_size=settings.batch_size,
        reporter=context.reporter,
    )
    frame = _predictions(context, measured, epoch, outputs)
    figures = _accuracy(frame)
    context.run.write_table("predictions", pd.concat([*_other_predictions(context, epoch), frame], ignore_index=True))
    context.summarise(**{"base_accuracy" if epoch == 0 else "accuracy": figures})
    context.reporter.log(
        f"{stage}: {figures['correct']} of {figures['questions']} right ({figures['accuracy']:.1%}, "
        f"95% interval {figures['low']:.1%} to {figures['high']:.1%}), {figures['no_answer']} without an answer, "
        f"{figures['cut']} cut at evaluation.max_new_tokens = {settings.max_new_tokens}."
    )
    if epoch > 0 and figures["cut"]:
        context.reporter.warn(
            f"{figures['cut']} of {figures['questions']} outputs of the distilled student were cut at "
            f"evaluation.max_new_tokens = {settings.max_new_tokens}. Raise it to let them come to an end."
        )


def _predictions(context: Context, measured: pd.DataFrame, epoch: int, outputs: list[Output]) -> pd.DataFrame:
    """One row a question: its output, the answer found in it, and whether that is right."""
    task = tasks.get(context.run.state.summary["evaluation_task"])
    answers = [
        task.extract_answer(output.text, None if choices is None else list(choices))
        for output, choices in zip(outputs, measured["choices"], strict=True)
    ]
    correct = [task.is_correct(answer, gold) for answer, gold in zip(answers, measured["answer"], strict=True)]
    return pd.DataFrame(
        {
            "evaluation_set": f"{context.evaluation_source.label}:{context.config.data.evaluation_split}",
            "question": measured["question"].to_numpy(),
            "epoch": epoch,
            "output": [output.text for output in outputs],
            "answer": pd.array(answers, dtype="string"),
            "correct": correct,
            "cut": pd.array([output.cut for output in outputs], dtype="boolean"),
        }
    )


def _other_predictions(context: Context, epoch: int) -> list[pd.DataFrame]:
    """The predictions of the other evaluation stage, where they are of the present inputs."""
    other = "evaluate" if epoch == 0 else "evaluate base"
    if other not in context.run.state.stages:
        return []
    table = context.run.predictions
    return [table[(table["epoch"] == 0) != (epoch == 0)]]


def _accuracy(predictions: pd.DataFrame) -> dict[str, Any]:
    """Share of right answers with its 95% Wilson interval; a question without an answer counts as wrong."""
    right, count = int(predictions["correct"].sum()), len(predictions)
    low, high = wilson_interval(right, count)
    return {
        "correct": right,
        "questions": count,
        "accuracy": right / count,
        "low": low,
        "high": high,
        "no_answer": int(predictions["answer"].isna().sum()),
        "cut": int(predictions["cut"].sum()),
    }
