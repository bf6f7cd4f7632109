"""A run's weights validated, on its own rationales or on others: by which scores, and against which runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kpod.errors import InputError
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.run_store import Run
from kpod.weight_validation import (
    Material,
    Report,
    agreement_of,
    answer_losses_of,
    encoding_of,
    material_of_run,
    plain_scores,
    validate,
)
from kpod.weight_validation.material import known_calculations, make_material

if TYPE_CHECKING:  # what needs torch is imported where a model is asked for
    from kpod.weighing import TrainedGenerator

OWN = "training rationales"


@dataclass(frozen=True)
class HeldOut:
    """Rationales that a run has not learned from: a source of questions, how to read it, and which of them."""

    source: str
    task: str | None = None
    fields: dict[str, str] | None = None
    split: str | None = None
    limit: int | None = None

    @property
    def label(self) -> str:
        """What a report calls them."""
        parts = [Path(self.source).name, self.split, None if self.limit is None else f"first {self.limit}"]
        return "held out: " + ", ".join(part for part in parts if part)


def validate_run(
    run: Run,
    *,
    against: Sequence[Run] = (),
    held_out: HeldOut | None = None,
    truth: Path | None = None,
    with_model: bool = False,
    student: str | None = None,
    resamples: int = 300,
    reporter: Reporter | None = None,
) -> Report:
    """The validation of a run's weights.

    against: runs, of other seeds as a rule, whose weights of the same rationales are compared pair by pair. held_out:
    rationales that each run's generator weighs first. with_model: also the scores that the student itself gives.
    Raises InputError for what cannot be read or compared, RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    if held_out is None:
        materials = [material_of_run(each, truth) for each in (run, *against)]
        more = _own_scores(run, student, reporter) if with_model else {}
    else:
        materials, more = _weighed(run, against, held_out, truth, with_model, student, reporter)
    reporter.log(f"{len(materials[0].ids):,} rationales, {len(materials[0].tokens):,} tokens.")
    report = validate(
        materials[0],
        plain_scores(materials[0]) | more,
        data=OWN if held_out is None else held_out.label,
        resamples=resamples,
    )
    agreement = _agreement([run, *against], materials)
    return replace(report, agreement=agreement, encoding=encoding_of(run), losses=answer_losses_of(run))


def _agreement(runs: Sequence[Run], materials: Sequence[Material]) -> list[dict[str, Any]]:
    rows = []
    for (first, a), (second, b) in combinations(zip(runs, materials, strict=True), 2):
        figures = agreement_of(a, b)
        plain = {name: None if np.isnan(value) else value for name, value in figures.items()}
        rows.append({"first": first.folder.name, "second": second.folder.name, **plain})
    return rows


def _own_scores(run: Run, student: str | None, reporter: Reporter) -> dict[str, np.ndarray]:
    from kpod.weighing import TrainedGenerator

    generator = TrainedGenerator(run, reporter, student)
    examples = generator.own_examples()
    scores = _model_scores(generator, examples, reporter)
    if "nll" not in run.tokens:  # of a run that was stopped behind its weights
        scores["nll"] = _losses(generator, examples, reporter)
    return scores


def _weighed(
    run: Run,
    against: Sequence[Run],
    held_out: HeldOut,
    truth: Path | None,
    with_model: bool,
    student: str | None,
    reporter: Reporter,
) -> tuple[list[Material], dict[str, np.ndarray]]:
    from kpod.weighing import TrainedGenerator, read_rationales

    known = known_calculations(truth, held_out.source)
    questions, seen = read_rationales(
        held_out.source,
        task=held_out.task,
        fields=held_out.fields,
        split=held_out.split,
        limit=held_out.limit,
        unlike=run,
    )
    if seen:
        reporter.log(f"{seen} questions that the run has learned from are left out.")
    materials: list[Material] = []
    scores: dict[str, np.ndarray] = {}
    for each in (run, *against):
        generator = TrainedGenerator(each, reporter, student)
        weighed = generator.weigh(questions, each.config.student.max_tokens)
        if weighed.too_long:
            reporter.log(f"{len(weighed.too_long)} rationales are longer than student.max_tokens and left out.")
        if with_model and each is run:
            scores = _model_scores(generator, weighed.examples, reporter)
            scores["nll"] = _losses(generator, weighed.examples, reporter)
        mode = each.config.steps.mode
        materials.append(make_material(weighed.questions, weighed.tokens, calculations=known, mode=mode))
    return materials, scores


def _model_scores(
    generator: TrainedGenerator, examples: Sequence[EncodedExample], reporter: Reporter
) -> dict[str, np.ndarray]:
    from kpod.token_weighting.saliency import attention_received, gradient_times_input

    if generator.family != "decoder_only":
        raise InputError(
            "Attention and gradients of the answer are measured for causal students alone, and this run's is an "
            "encoder-decoder. Leave --with-model away."
        )
    scores = {}
    for name, measure in (("attention", attention_received), ("gradient", gradient_times_input)):
        reporter.start(name, len(examples), unit="rationales")
        found = measure(generator.model, examples, pad_id=generator.tokenizer.pad_token_id, reporter=reporter)
        scores[name] = np.concatenate(found).astype(float)
    return scores


def _losses(generator: TrainedGenerator, examples: Sequence[EncodedExample], reporter: Reporter) -> np.ndarray:
    from kpod.step_difficulty.token_nlls import token_nlls

    reporter.start("losses", len(examples), unit="rationales")
    pad_id = generator.tokenizer.pad_token_id
    return np.concatenate(token_nlls(generator.model, examples, pad_id=pad_id, reporter=reporter)).astype(float)
