"""The stages of a run in order: each writes its artefact whole, and is skipped where one of the same inputs exists."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from kpod import methods
from kpod import pipeline_stages as work
from kpod.config import RunConfig
from kpod.errors import InputError, RunCancelled
from kpod.memory import peak_memory_bytes, reset_peak_memory
from kpod.pipeline_stages import Context
from kpod.progress import format_seconds
from kpod.run_reporter import RunReporter
from kpod.run_store import Run, StageRecord, now
from kpod.stage_cache import StageInputs, checkpoint_hash, file_hash, fingerprints, is_current
from kpod.students.checkpoint_source import resolve_student

SHIPPED = Path(__file__).parent.parent / "assets"


@dataclass(frozen=True)
class Stage:
    inputs: StageInputs
    work: Callable[[Context], None]


def run_pipeline(run: Run, reporter: RunReporter | None = None) -> Run:
    """Run every stage that is not up to date. The run folder is locked meanwhile, and readable.

    Raises InputError for a user's mistake and RunCancelled where asked to stop; the run's status says which.
    """
    reporter = reporter or RunReporter(run)
    with run.locked(), reporter.signals():
        (run.folder / "cancel").unlink(missing_ok=True)
        run.update(status="running", error=None)
        try:
            _run_stages(run, reporter)
        except (RunCancelled, KeyboardInterrupt) as stop:
            reporter.flush()
            reporter.log(f"{stop or 'Interrupted.'} Continue with: python -m kpod run --resume {run.folder}")
            run.update(status="cancelled")
            raise RunCancelled(str(stop)) from stop
        except Exception as error:
            reporter.flush()
            reporter.log(f"FAILED: {error}")
            run.update(status="failed", error=f"{type(error).__name__}: {error}")
            raise
        reporter.flush()
        run.update(status="finished", progress=None)
    return run


def _run_stages(run: Run, reporter: RunReporter) -> None:
    config = run.config
    methods.get(config.method)
    resolved = resolve_student(config.student.name, reporter.log)
    context = Context(run, config, reporter, resolved.folder, *_sources(config))
    stages = pipeline_of(config, _hash_inputs(context))
    wanted = fingerprints([stage.inputs for stage in stages])
    threads = torch.get_num_threads()
    for stage in stages:
        name, fingerprint = stage.inputs.name, wanted[stage.inputs.name]
        if is_current(run, stage.inputs, fingerprint):
            reporter.log(f"{name}: up to date, skipped")
            continue
        _forget(run, stages, name)
        started = time.monotonic()
        reset_peak_memory()
        # numba, under UMAP, raises OpenMP's thread count behind torch's back: threads beyond the cores asked for wait
        # for each other and a training step takes ten times as long.
        torch.set_num_threads(threads)
        context.fingerprint = fingerprint
        stage.work(context)
        reporter.flush()
        seconds, peak = time.monotonic() - started, peak_memory_bytes()
        record = StageRecord(fingerprint, round(seconds, 2), peak, now())
        run.update(stages=run.state.stages | {name: record})
        reporter.log(f"{name}: {format_seconds(seconds)}, peak memory {peak / 1e9:.2f} GB")


def pipeline_of(config: RunConfig, hashes: dict[str, str]) -> list[Stage]:
    """The stages that this configuration needs, in order, with exactly what each depends on."""
    method = methods.get(config.method)
    student = {"checkpoint": hashes["student"], "dtype": config.student.dtype}
    seed = config.seed
    source = {"data": hashes["data"], "evaluation": hashes["evaluation"], "tokenizer": hashes["student"]}
    data = config.data.model_dump(exclude={"source", "evaluation_source"})
    prepare = StageInputs(
        "prepare",
        {**source, **data, "steps": config.steps.mode, "max_tokens": config.student.max_tokens},
        outputs=(("questions", None), ("steps", None), ("tokens", None)),
    )
    weights = StageInputs(
        "weights",
        {**student, **config.weights.model_dump(), "seed": seed},
        ("prepare",),
        (("tokens", "weight"), ("weight_history", None)),
    )
    weighting = config.difficulty.model_dump() | {"weighted": method.weighted_difficulty and method.learns_weights}
    curriculum = config.curriculum.model_dump() | {
        "num_stages": config.num_stages,
        "progressive": method.progressive,
        "diversity": method.diversity,
    }
    distillation = config.distillation.model_dump(exclude={"checkpoint_seconds"})
    evaluation = config.evaluation.model_dump(exclude={"base_student", "batch_size"})
    stages = [
        Stage(prepare, work.prepare),
        Stage(
            StageInputs(
                "cluster", {**config.clustering.model_dump(), "seed": seed}, ("prepare",), (("questions", "cluster"),)
            ),
            work.cluster,
        ),
        Stage(weights, work.weigh) if method.learns_weights else None,
        Stage(StageInputs("losses", student, ("prepare",), (("tokens", "nll"),)), work.measure_losses),
        Stage(
            StageInputs(
                "difficulty",
                weighting,
                ("losses", "weights") if weighting["weighted"] else ("losses",),
                (("steps", "difficulty"),),
            ),
            work.rate_steps,
        ),
        Stage(
            StageInputs("schedule", curriculum, ("difficulty", "cluster"), (("schedule", None), ("stages", None))),
            work.schedule,
        ),
        Stage(
            StageInputs("evaluate base", {**student, **evaluation}, ("prepare",), (("predictions", None),)),
            work.evaluate_base,
        )
        if config.evaluation.base_student
        else None,
        Stage(
            StageInputs(
                "distill",
                {**student, **distillation, "seed": seed, "weighted": method.weighted_loss},
                ("schedule", "weights") if method.weighted_loss else ("schedule",),
                (("difficulty_history", None),),
            ),
            work.distil,
        ),
        Stage(
            StageInputs("evaluate", {**student, **evaluation}, ("prepare", "distill"), (("predictions", None),)),
            work.evaluate,
        ),
    ]
    return [stage for stage in stages if stage is not None]


def _forget(run: Run, stages: list[Stage], name: str) -> None:
    """Drop the records of a stage and of what depends on it, before its artefact changes: a crash must not leave a
    record of the old inputs beside tables of the new ones."""
    stale = {name}
    for stage in stages:
        if stale & set(stage.inputs.after):
            stale.add(stage.inputs.name)
    run.update(stages={key: record for key, record in run.state.stages.items() if key not in stale})


def _sources(config: RunConfig) -> tuple[Path, Path]:
    source = resolve_source(config.data.source)
    other = config.data.evaluation_source
    return source, resolve_source(other) if other else source


def resolve_source(source: str) -> Path:
    """The file that `data.source` names: a path, or `shipped:NAME` for a file of assets/."""
    if not source.startswith("shipped:"):
        return Path(source).expanduser()
    path = SHIPPED / f"{source.removeprefix('shipped:')}.jsonl"
    if not path.is_file():
        names = ", ".join(sorted(f"shipped:{other.stem}" for other in SHIPPED.glob("*.jsonl")))
        raise InputError(f"{source!r} is not shipped; there is {names}. Or give the path of a file.")
    return path


def _hash_inputs(context: Context) -> dict[str, str]:
    """Hashes of the files that the run reads; those of before where a source is gone since, so that a run can go on."""
    known = context.run.state.input_hashes
    hashes = {"student": checkpoint_hash(context.student_folder)}
    for name, path in (("data", context.source), ("evaluation", context.evaluation_source)):
        if path.is_file():
            hashes[name] = file_hash(path)
        elif name in known:
            hashes[name] = known[name]
            context.reporter.log(f"{path} is gone; going on with what the run holds of it.")
        else:
            raise InputError(
                f"No file of questions at {path}. Give the path of a JSON Lines, JSON, CSV or Parquet file."
            )
    context.run.update(input_hashes=hashes)
    return hashes
