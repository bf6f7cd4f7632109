"""The stages of a run in order: each writes its artefact whole, and is skipped where one of the same inputs exists."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kpod import distillation_stages, evaluation_stages, methods, preparation_stages
from kpod import pipeline_stages as work
from kpod.checkpoints import delete_checkpoints
from kpod.config import RunConfig
from kpod.data_sources import find_source
from kpod.distillation.student_weights import FOLDERS
from kpod.errors import InputError, RunCancelled
from kpod.evaluation_sets import sets_of
from kpod.family_settings import find_misfits
from kpod.further_rationales import FILE as FURTHER_RATIONALES
from kpod.memory import peak_memory_bytes, reset_peak_memory
from kpod.progress import format_seconds
from kpod.run_reporter import RunReporter
from kpod.run_store import Run, StageRecord, now
from kpod.stage_cache import StageInputs, checkpoint_hash, fingerprints, is_current
from kpod.stage_context import Context
from kpod.stage_sharing import Donors, adopt_stage
from kpod.students.checkpoint_source import resolve_student
from kpod.students.loading import arithmetic_of
from kpod.tensorboard_events import events_folder

OF_THE_EVALUATION_SET = ("evaluation_split", "evaluation_limit", "shared_questions")
OF_BOTH_SETS = ("task", "duplicates")
"""Settings of `data` by the questions that they are about; all others are about the training questions, but for the
sources, the further sets, and the columns of the evaluation source, which are those of the source where it is none."""

FURTHER_SET = "evaluation set "  # and how the configuration names its source: the name of its hash
MASK_LEARNING_VERSION = 3
"""Another wherever equal settings come to mean other weights. 2: place and neighbours are outside the bound of the
logits; 3: the price falls no faster than it can rise."""


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline; one that is not `needed` keeps its artefact while that is of the same inputs."""

    inputs: StageInputs
    work: Callable[[Context], None]
    needed: bool = True

    @property
    def name(self) -> str:
        return self.inputs.name


def run_pipeline(
    run: Run, reporter: RunReporter | None = None, donors: Donors | None = None, until: str | None = None
) -> Run:
    """Run every stage that is not up to date. The run folder is locked meanwhile, and readable.

    A stage that one of the `donors` has finished from the same inputs is taken over from there. `until`: a stage, which
    is done with those that it depends on and no other; the run then ends as a stopped one.

    Raises InputError for a user's mistake and RunCancelled where asked to stop; the run's status says which.
    """
    reporter = reporter or RunReporter(run)
    with run.locked(), reporter.signals():
        if run.state.status != "queued":  # then it may have been asked to stop while it waited
            (run.folder / "cancel").unlink(missing_ok=True)
        run.write_config()  # here, for nobody may change it under a process that runs by it
        run.update(status="running", error=None, progress=None, name=run.config.name)
        for remark in run.remarks:
            reporter.log(remark)
        try:
            _run_stages(run, reporter, donors or Donors(), until)
        except (RunCancelled, KeyboardInterrupt) as stop:
            message = str(stop) or "Interrupted."
            _end(run, reporter, "cancelled", f"{message} Continue with: python -m kpod run --resume {run.folder}")
            raise RunCancelled(message) from stop
        except Exception as error:
            _end(run, reporter, "failed", f"FAILED: {error}", f"{type(error).__name__}: {error}")
            raise
        run.update(status="finished", progress=None)
    return run


def _end(run: Run, reporter: RunReporter, status: str, message: str, error: str | None = None) -> None:
    """Write down how a run ended early. Where even that fails, on a full disk, its status will be read as died."""
    try:
        reporter.flush()
        reporter.log(message)
        run.update(status=status, error=error, progress=None)
    except InputError as refused:
        print(refused, file=reporter.stream, flush=True)


def _run_stages(run: Run, reporter: RunReporter, donors: Donors, until: str | None) -> None:
    config = run.config
    methods.get(config.method)
    resolved = resolve_student(config.student.name, reporter.log)
    for misfit in find_misfits(config, resolved.entry.family):
        raise InputError(str(misfit))
    context = _context(run, config, reporter, resolved.folder)
    hashes = _hash_inputs(context, reporter.log)
    run.update(input_hashes=hashes)
    stages = pipeline_of(config, hashes)
    wanted = fingerprints([stage.inputs for stage in stages])
    _forget_stale(run, stages, wanted)
    threads = torch.get_num_threads()
    for stage in stages if until is None else _up_to(stages, until):
        if not stage.needed:
            continue
        if stage.name in run.state.stages:
            reporter.log(f"{stage.name}: up to date, skipped")
            continue
        if reporter.cancelled():
            raise RunCancelled(f"Stopped before the stage {stage.name}.")
        with donors.turn(stage.inputs, wanted[stage.name], reporter):
            donor = donors.find(stage.inputs, wanted[stage.name])
            if donor is not None:
                adopt_stage(run, donor, stage.inputs)
                reporter.log(f"{stage.name}: of the same inputs as in {donor.folder.name}, taken from there")
                continue
            # numba, under UMAP, raises OpenMP's thread count behind torch's back: threads beyond the cores asked for
            # wait for each other and a training step takes ten times as long.
            torch.set_num_threads(threads)
            context.fingerprint = wanted[stage.name]
            _run_stage(context, stage)
    if until is not None:
        raise RunCancelled(f"Stopped after the stage {until}, as asked.")


def _up_to(stages: Sequence[Stage], last: str) -> list[Stage]:
    """A stage and those that it depends on, in order."""
    wanted = {last}
    for stage in reversed(stages):
        if stage.name in wanted:
            wanted |= set(stage.inputs.after)
    return [stage for stage in stages if stage.name in wanted]


def due_stages(run: Run, config: RunConfig) -> list[str]:
    """The stages that a run would do by this configuration, in order; nothing in it changes. Raises as a run would."""
    folder = resolve_student(config.student.name, lambda _: None).folder
    hashes = _hash_inputs(_context(run, config, RunReporter(run), folder), lambda _: None)
    stages = pipeline_of(config, hashes)
    stale = _stale_stages(run, stages, fingerprints([stage.inputs for stage in stages]))
    return [stage.name for stage in stages if stage.needed and stage.name in stale]


def _context(run: Run, config: RunConfig, reporter: RunReporter, student_folder: Path) -> Context:
    return Context(run, config, reporter, student_folder, find_source(config.data.source), sets_of(config.data))


def _run_stage(context: Context, stage: Stage) -> None:
    """Do a stage's work and record it, with its time, its memory and its warnings."""
    run, reporter = context.run, context.reporter
    started = time.monotonic()
    reset_peak_memory()
    before = run.state.warnings
    reporter.stage_warnings = []
    try:
        stage.work(context)
        reporter.flush()
    except BaseException:
        run.update(warnings=before)  # they stay in the log; the stage will run again and warn again
        raise
    seconds, peak = time.monotonic() - started, peak_memory_bytes()
    record = StageRecord(context.fingerprint, round(seconds, 2), peak, now(), reporter.stage_warnings)
    run.update(stages=run.state.stages | {stage.name: record})
    reporter.log(f"{stage.name}: {format_seconds(seconds)}, peak memory {peak / 1e9:.2f} GB")


def pipeline_of(config: RunConfig, hashes: dict[str, str]) -> list[Stage]:
    """All stages in order, with exactly what each depends on, and whether this configuration needs it."""
    method = methods.get(config.method)
    student = {"checkpoint": hashes["student"], "dtype": hashes["dtype"]}
    seeded = {"seed": config.seed}
    measured_on = {"evaluation_source", "evaluation_fields", "evaluation_sets", *OF_THE_EVALUATION_SET}
    data = config.data.model_dump(exclude={"source", *measured_on})
    training_set = data | {"data": hashes["data"], "tokenizer": hashes["student"]}
    evaluation_set = _evaluation_set_inputs(config, hashes)
    limits = {"steps": config.steps.mode, "max_tokens": config.student.max_tokens}
    embedding = config.clustering.model_dump() | (student if config.clustering.embedding == "student" else {})
    difficulty = config.difficulty.model_dump() | {"weighted": method.weighted_difficulty and method.learns_weights}
    curriculum = _curriculum_inputs(config, method)
    distillation = _distillation_inputs(config, method)
    evaluation = student | evaluation_stages.settings_of(config)

    def stage(
        name: str, values: dict, do: Callable, after: tuple = (), outputs: tuple = (), needed: bool = True, **more: Any
    ) -> Stage:
        return Stage(StageInputs(name, values, after, outputs, **more), do, needed)

    # fmt: off
    return [
        stage("prepare", training_set | limits, preparation_stages.prepare,
              outputs=(("questions", None), ("steps", None), ("tokens", None)),
              figures=("questions", "task", "dropped", "checks", "too_long", "lengths", "steps", "tokens")),
        # It waits for nothing: `prepare` keeps its rows, and looks that no question is in both.
        stage("evaluation set", evaluation_set, preparation_stages.choose_evaluation_set,
              outputs=(("questions", None),),
              figures=("evaluation_questions", "evaluation_task", "evaluation_tasks", "shared_questions")),
        stage("cluster", embedding | seeded, work.cluster, ("prepare",),
              (("questions", "cluster"),), figures=("embedding", "silhouette", "cluster_terms")),
        stage("map", embedding | seeded, work.draw_map, ("cluster", "evaluation set"),
              (("questions", "x"), ("question_vectors", None))),
        stage("further rationales", {"kind": method.further_rationales}, distillation_stages.read_further_rationales,
              ("prepare",), needed=method.further_rationales is not None, files=(FURTHER_RATIONALES,),
              figures=("further_rationales",)),
        stage("weights", student | _weights_inputs(config, hashes) | seeded, work.weigh, ("prepare",),
              (("tokens", "weight"), ("weight_history", None)), method.learns_weights,
              files=("weight_generator.safetensors",), figures=("keep_rate", "weight_notes")),
        stage("losses", student, work.measure_losses, ("prepare",), (("tokens", "nll"),)),
        stage("difficulty", difficulty, work.rate_steps,
              ("losses", "weights") if difficulty["weighted"] else ("losses",), (("steps", "difficulty"),),
              figures=("total_difficulty",)),
        stage("schedule", curriculum, work.schedule, ("difficulty", "cluster"), (("schedule", None), ("stages", None))),
        stage("evaluate base", evaluation, evaluation_stages.evaluate_base, ("evaluation set",),
              (("predictions", None),), config.evaluation.base_student,
              figures=("base_accuracy", "base_accuracy_by_set")),
        stage("distill", student | distillation | seeded, distillation_stages.distil,
              ("schedule", *(["weights"] if method.weighted_loss else []),
               *(["further rationales"] if method.further_rationales else [])),
              (("difficulty_history", None),), files=(FOLDERS[config.distillation.tuning],),
              figures=("supervised_tokens", "training_steps")),
        stage("evaluate", evaluation, evaluation_stages.evaluate, ("evaluation set", "distill"),
              (("predictions", None),), figures=("accuracy", "accuracy_by_set")),
    ]
    # fmt: on


def _curriculum_inputs(config: RunConfig, method: methods.Method) -> dict[str, Any]:
    """What the schedule depends on; the seed for rival curricula, which may draw at random."""
    inputs = config.curriculum.model_dump() | {
        "num_stages": config.num_stages,
        "progressive": method.progressive,
        "diversity": method.diversity,
    }
    if method.curriculum in ("kpod", "none"):
        return inputs
    return inputs | {"curriculum": method.curriculum, "seed": config.seed}


def _evaluation_set_inputs(config: RunConfig, hashes: dict[str, str]) -> dict[str, Any]:
    """What the questions to measure on depend on; further sets count only where there are any."""
    data = config.data
    inputs = data.model_dump(include={*OF_THE_EVALUATION_SET, *OF_BOTH_SETS})
    inputs |= {"fields": data.evaluation_fields if data.evaluation_source else data.fields}
    inputs |= {"evaluation": hashes["evaluation"]}
    further = [
        entry.model_dump(exclude={"source"}) | {"data": hashes[FURTHER_SET + entry.source]}
        for entry in data.evaluation_sets or ()
    ]
    return inputs | ({"further": further} if further else {})


def _weights_inputs(config: RunConfig, hashes: dict[str, str]) -> dict[str, Any]:
    """What mask learning depends on. Settings that came later count only where they are not as all runs had them, and
    the version of mask learning, so that none takes over, or goes on from, what equal settings meant before."""
    settings = config.weights.effective.model_dump(exclude={"mode"})
    if config.weights.temperature_schedule == "constant":
        del settings["temperature_start"]
    later = {
        "reduction": "mean", "temperature_schedule": "constant", "predictor": "own", "encoding": "exact",
        "context_range": 0.0, "max_questions": None, "rest_weight": 0.0, "generator_rate": None, "predictor_rate": None,
        "class_rate": 1.0, "final_rate": 1.0,
    }  # fmt: skip
    settings = {name: value for name, value in settings.items() if name not in later or value != later[name]}
    settings["version"] = MASK_LEARNING_VERSION
    return settings | ({"predictor_checkpoint": hashes["predictor"]} if "predictor" in hashes else {})


def _distillation_inputs(config: RunConfig, method: methods.Method) -> dict[str, Any]:
    """What training depends on. Settings that came later count only where they are not what all runs did before."""
    settings = config.distillation.model_dump(exclude={"checkpoint_seconds", "tensorboard"})
    later = {"length": "epochs", "accumulation": 1, "tuning": "lora", "weight_floor": 0.0}
    later |= {"given_steps": "decoder_prefix"}
    if not method.weighted_loss:
        del settings["weight_floor"]
    settings = {name: value for name, value in settings.items() if name not in later or value != later[name]}
    if method.objective != "rationale":
        settings["objective"] = method.objective
    return settings | {"weighted": method.weighted_loss}


def _forget_stale(run: Run, stages: list[Stage], wanted: dict[str, str]) -> None:
    """Drop every record that is not of the present inputs, with all that hangs on it, before any artefact changes.

    So a crash leaves no record of old inputs beside tables of new ones, and the summary tells of the present
    configuration alone. What an unfinished stage logged stays while it has a checkpoint of its own to go on from.
    """
    stale = _stale_stages(run, stages, wanted)
    figures = {figure for stage in stages if stage.name in stale for figure in stage.inputs.figures}
    dropped = {name: record for name, record in run.state.stages.items() if name in stale}
    warnings = {warning for record in dropped.values() for warning in record.warnings}
    run.update(
        stages={name: record for name, record in run.state.stages.items() if name not in stale},
        summary={figure: value for figure, value in run.state.summary.items() if figure not in figures},
        warnings=[warning for warning in run.state.warnings if warning not in warnings],
    )
    checkpoints = run.folder / "checkpoints"
    going_on = {f"{name}-{wanted[name][:12]}" for name in stale - set(dropped)}
    for folder in checkpoints.glob("*"):
        if folder.name not in going_on:
            delete_checkpoints(folder)
    for name in stale:
        if not (checkpoints / f"{name}-{wanted[name][:12]}").is_dir():
            run.drop_metrics(name)
            shutil.rmtree(events_folder(run.folder, name), ignore_errors=True)


def _stale_stages(run: Run, stages: list[Stage], wanted: dict[str, str]) -> set[str]:
    """Those that hold nothing of the present inputs, and all that hang on them."""
    stale: set[str] = set()
    for stage in stages:
        if stale & set(stage.inputs.after) or not is_current(run, stage.inputs, wanted[stage.name]):
            stale.add(stage.name)
    return stale


def _number_format(context: Context, student: str, log: Callable[[str], None]) -> str:
    """What `auto` stands for on this machine; a run that has begun goes on in its own, wherever it is resumed."""
    settings, known = context.config.student, context.run.state.input_hashes
    if settings.dtype == "auto" and known.get("student") == student and "dtype" in known:
        return known["dtype"]
    arithmetic = arithmetic_of(context.student_folder, dtype=settings.dtype, device=settings.device)
    log(f"Student: {arithmetic.reason}.")
    return str(arithmetic.dtype).removeprefix("torch.")


def _hash_inputs(context: Context, log: Callable[[str], None]) -> dict[str, str]:
    """Hashes of what the run reads; those of before where a source is gone since, so that a run can go on."""
    known = context.run.state.input_hashes
    hashes = {"student": checkpoint_hash(context.student_folder)}
    hashes["dtype"] = _number_format(context, hashes["student"], log)
    predictor = context.config.weights.predictor
    if predictor != "own" and context.method.learns_weights:
        resolved = resolve_student(predictor, lambda said: log(f"Answer predictor: {said}"))
        hashes["predictor"] = checkpoint_hash(resolved.folder)
    first, *further = context.evaluation_sets
    for name, source, given in (
        ("data", context.source, context.config.data.source),
        ("evaluation", first.source, first.given),
        *((FURTHER_SET + each.given, each.source, each.given) for each in further),
    ):
        fingerprint = source.fingerprint()
        if fingerprint is not None:
            hashes[name] = fingerprint
        elif name in known and known.get(f"{name} source", given) == given:
            hashes[name] = known[name]
            log(f"{source.place} is gone; going on with what the run holds of it.")
        else:
            raise InputError(
                f"No file of questions at {source.place}. Give a file, shipped:NAME, hub:NAME or small_world:..."
            )
        hashes[f"{name} source"] = given
    return hashes
