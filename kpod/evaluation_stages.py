"""The stages that measure a student, before distillation and after, on every set of questions that is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from kpod import tasks
from kpod.config import RunConfig
from kpod.evaluation import Output, generate_outputs
from kpod.preparation import check_room
from kpod.self_consistency import majority, sample_outputs
from kpod.stage_context import Context
from kpod.statistics import wilson_interval


def evaluate_base(context: Context) -> None:
    """The answers of the student before distillation."""
    _evaluate(context, "evaluate base", 0)


def evaluate(context: Context) -> None:
    """The answers of the distilled student."""
    _evaluate(context, "evaluate", context.config.distillation.epochs)


def settings_of(config: RunConfig) -> dict[str, Any]:
    """The settings that answers depend on: those of sampling, and its seed, only where there is any."""
    settings = config.evaluation
    values: dict[str, Any] = {"max_new_tokens": settings.max_new_tokens}
    if settings.samples > 1:
        values |= {"samples": settings.samples, "temperature": settings.temperature, "seed": config.seed}
    return values


def _evaluate(context: Context, stage: str, epoch: int) -> None:
    """Answer the questions of every set; a set whose answers are there, of the same inputs, is not asked again."""
    settings, sets = context.config.evaluation, _measured_sets(context)
    texts = [text for table in sets.values() for text in table["text"]]
    check_room(texts, context.tokenizer, settings.max_new_tokens, context.context_length, context.family)
    kept = _known_predictions(context, sets, epoch)
    marks = {name: _mark(context, name, table, epoch) for name, table in sets.items()}
    is_done = {name: any(marks[name] in set(frame["made_of"]) for frame in kept) for name in sets}
    asked = [name for name in sets if not is_done[name]]
    unit = "questions" if settings.samples == 1 else "outputs"
    context.reporter.start(stage, sum(len(sets[name]) for name in asked) * settings.samples, unit=unit)
    model = None if not asked else context.load_trained_student() if epoch else context.load_student()
    for name in asked:
        frame = _predictions(context, name, sets[name], epoch, _outputs(context, model, sets[name]))
        kept.append(frame.assign(made_of=pd.array([marks[name]] * len(frame), dtype="string")))
        # A set at a time: a run that is stopped has what it has measured.
        context.run.write_table("predictions", _in_order(kept, sets))
    table = _in_order(kept, sets)
    context.run.write_table("predictions", table)
    own = table[table["epoch"] == epoch]
    _tell(context, stage, epoch, {name: _accuracy(own[own["evaluation_set"] == name]) for name in sets})


def _measured_sets(context: Context) -> dict[str, pd.DataFrame]:
    """The questions to measure on by set, the one in distribution first."""
    measured = context.run.questions.query("not trained")
    if "evaluation_set" not in measured:  # a run of before there could be several
        first = context.evaluation_sets[0]
        return {f"{first.source.label}:{first.split}": measured}
    return {str(name): table for name, table in measured.groupby("evaluation_set", sort=False, observed=True)}


def _mark(context: Context, name: str, table: pd.DataFrame, epoch: int) -> str | None:
    """A hash of all that the answers to a set follow from; None for a distilled student that is not there yet."""
    state = context.run.state
    if epoch and "distill" not in state.stages:
        return None
    content = {
        "set": name,
        "student": [state.input_hashes.get("student"), context.dtype],
        "trained": state.stages["distill"].fingerprint if epoch else None,
        "settings": settings_of(context.config),
        "task": _task_name(context, table),
        "questions": table[["question", "text", "answer"]].to_numpy().tolist(),
        "choices": [None if each is None else list(each) for each in table["choices"]],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _task_name(context: Context, table: pd.DataFrame) -> str:
    summary = context.run.state.summary
    name = table["evaluation_set"].iloc[0] if "evaluation_set" in table else None
    return summary.get("evaluation_tasks", {}).get(name) or summary["evaluation_task"]


def _known_predictions(context: Context, sets: dict[str, pd.DataFrame], epoch: int) -> list[pd.DataFrame]:
    """The rows of the table that are true of the present inputs: by their mark, or of the other stage that is done."""
    if not context.run.has("predictions"):
        return []
    known = context.run.predictions
    if "made_of" not in known:
        known["made_of"] = pd.array([None] * len(known), dtype="string")
    epochs = (0, context.config.distillation.epochs)
    marks = {_mark(context, name, table, each) for name, table in sets.items() for each in epochs} - {None}
    true = known["made_of"].isin(marks)
    if ("evaluate" if epoch == 0 else "evaluate base") in context.run.state.stages:
        true |= (known["epoch"] == 0) != (epoch == 0)
    return [known[true]] if true.any() else []


def _in_order(frames: Sequence[pd.DataFrame], sets: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All rows, before distillation first and then by set: the same whatever was measured when."""
    table = pd.concat(frames, ignore_index=True)
    order = {name: at for at, name in enumerate(sets)}
    at = table["evaluation_set"].map(order).fillna(len(order))
    return table.assign(_at=at).sort_values(["epoch", "_at"], kind="stable", ignore_index=True).drop(columns="_at")


def _outputs(context: Context, model: Any, table: pd.DataFrame) -> list[list[Output]]:
    """The outputs of every question: one, greedy, or several samples."""
    settings = context.config.evaluation
    options = {
        "max_new_tokens": settings.max_new_tokens,
        "batch_size": settings.batch_size,
        "reporter": context.reporter,
    }
    texts = table["text"].tolist()
    if settings.samples == 1:
        return [[output] for output in generate_outputs(model, context.tokenizer, texts, **options)]
    sampling = {"samples": settings.samples, "temperature": settings.temperature, "seed": context.config.seed}
    return sample_outputs(model, context.tokenizer, texts, **sampling, **options)


def _predictions(
    context: Context, name: str, table: pd.DataFrame, epoch: int, outputs: Sequence[Sequence[Output]]
) -> pd.DataFrame:
    """One row a question: its output, the answer found in it, and whether that is right.

    Of several samples the answer is the most frequent one and the output the first that has it; beside them stand all
    `samples`, the `sample_answers` and the `votes` for the answer.
    """
    task = tasks.get(_task_name(context, table))
    choices = [None if each is None else list(each) for each in table["choices"]]
    answers = [
        [task.extract_answer(output.text, options) for output in several]
        for several, options in zip(outputs, choices, strict=True)
    ]
    votes = [majority(several) for several in answers]
    shown = [several[vote.first] for several, vote in zip(outputs, votes, strict=True)]
    correct = [task.is_correct(vote.answer, gold) for vote, gold in zip(votes, table["answer"], strict=True)]
    frame = pd.DataFrame(
        {
            "evaluation_set": name,
            "question": table["question"].to_numpy(),
            "epoch": epoch,
            "output": [output.text for output in shown],
            "answer": pd.array([vote.answer for vote in votes], dtype="string"),
            "correct": correct,
            "cut": pd.array([output.cut for output in shown], dtype="boolean"),
        }
    )
    if context.config.evaluation.samples == 1:
        return frame
    return frame.assign(
        votes=pd.array([vote.votes for vote in votes], dtype="Int32"),
        samples=[[output.text for output in several] for several in outputs],
        sample_answers=answers,
    )


def _tell(context: Context, stage: str, epoch: int, figures: dict[str, dict[str, Any]]) -> None:
    """Add the figures to the summary, those of the first set by themselves, and log them."""
    limit = context.config.evaluation.max_new_tokens
    prefix = "base_" if epoch == 0 else ""
    context.summarise(**{f"{prefix}accuracy": next(iter(figures.values()))})
    if len(figures) > 1:
        context.summarise(**{f"{prefix}accuracy_by_set": figures})
    for name, each in figures.items():
        where = f" on {name}" if len(figures) > 1 else ""
        context.reporter.log(
            f"{stage}{where}: {each['correct']} of {each['questions']} right ({each['accuracy']:.1%}, 95% interval "
            f"{each['low']:.1%} to {each['high']:.1%}), {each['no_answer']} without an answer, {each['cut']} cut at "
            f"evaluation.max_new_tokens = {limit}."
        )
        if epoch > 0 and each["cut"]:
            context.reporter.warn(
                f"{each['cut']} of {each['questions']} outputs of the distilled student{where} were cut at "
                f"evaluation.max_new_tokens = {limit}. Raise it to let them come to an end."
            )


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
