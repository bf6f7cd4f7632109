"""How fast earlier runs went on this machine: operations a second of each stage, from what runs record. No torch."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpod.errors import InputError
from kpod.hardware import device_name
from kpod.preflight.data import CHARACTERS_A_TOKEN, DataFigures, num_prefixes
from kpod.preflight.student import StudentFigures, check_student
from kpod.preflight.work import fixed_bytes, model_work, working_bytes
from kpod.prompts import ANSWER_TRIGGER, fill_template, question_prompt
from kpod.run_store import Run

SIMILAR_SIZE = 4.0  # students whose sizes differ by more than this factor say little of each other
RESUMABLE = ("weights", "losses", "distill")
RESUMED = "Resuming "  # how the log begins a line where a stage went on: its record lacks the time before


@dataclass(frozen=True)
class StageRate:
    """Operations a second of a stage in one earlier run."""

    run: str
    same_student: bool
    rate: float


def measured_rates(
    config_student: str, num_parameters: float, device: str, runs: Sequence[Run]
) -> dict[str, list[StageRate]]:
    """Rates by stage from runs on this machine and device: of the same student, or of one of similar size."""
    found: dict[str, list[StageRate]] = {}
    for run in runs:
        same = run.config.student.name == config_student
        size = num_parameters if same else _num_parameters(run)
        if not _made_here(run, device) or not 1 / SIMILAR_SIZE <= size / num_parameters <= SIMILAR_SIZE:
            continue
        figures = figures_of_run(run)
        if figures is None:
            continue
        resumed = any(RESUMED in line for line in run.log().splitlines())
        for stage, work in model_work(run.config, figures, size).items():
            record = run.state.stages.get(stage)
            if record is not None and record.seconds > 0 and not (resumed and stage in RESUMABLE):
                found.setdefault(stage, []).append(StageRate(run.name, same, work / record.seconds))
    return found


def figures_of_run(run: Run) -> DataFigures | None:
    """The counts of a run that has been made; None where it has not got that far, or is damaged."""
    summary = run.state.summary
    try:
        table = run.table("questions", columns=["text", "answer", "rationale", "trained"])
        rationale_tokens, steps = int(summary["tokens"]), int(summary["steps"])
    except (InputError, KeyError, TypeError, ValueError):
        return None
    used, measured = table[table["trained"]], table[~table["trained"]]
    if not len(used) or not rationale_tokens:
        return None
    characters = sum(len(text) for text in used["rationale"])
    a_token = characters / rationale_tokens if characters else CHARACTERS_A_TOKEN
    templates = np.array([len(fill_template(row.text, row.rationale, row.answer).text) for row in used.itertuples()])
    suffixes = np.array([len(f"\n{ANSWER_TRIGGER} {answer}.") for answer in used["answer"]])
    rationales = np.array([len(text) for text in used["rationale"]])
    prefixes = run.config.weights.effective.prefixes
    mean_tokens, mean_steps = rationale_tokens / len(used), steps / len(used)
    copies = len(used) * num_prefixes(prefixes, np.array(mean_tokens), np.array(mean_steps))
    prompts = sum(len(question_prompt(text)) for text in measured["text"])
    return DataFigures(
        questions=len(used),
        steps=steps,
        tokens=round(templates.sum() / a_token),
        rationale_tokens=rationale_tokens,
        longest=round(templates.max() / a_token),
        prefix_tokens=round(copies * (suffixes.mean() / a_token - 1)),
        evaluation_questions=len(measured),
        evaluation_prompt_tokens=round(prompts / a_token),
        output_tokens=round(np.quantile(rationales + suffixes, 0.9) / a_token),
    )


def measured_memory(student: StudentFigures, bytes_a_weight: int, device: str, runs: Sequence[Run]) -> float | None:
    """How many times the formula's working memory earlier runs of this student took, at most; None without any."""
    shares = []
    for run in runs:
        figures = figures_of_run(run) if run.config.student.name == student.name else None
        if figures is None or not run.state.stages or not _made_here(run, device):
            continue
        peak = max(record.peak_memory_bytes for record in run.state.stages.values())
        worked = peak - fixed_bytes(run.config, student, bytes_a_weight)
        shares.append(worked / working_bytes(run.config, figures, student))
    return max(shares) if shares and max(shares) > 0 else None


def _made_here(run: Run, device: str) -> bool:
    host = run.state.host
    here = (platform.machine(), platform.system(), os.cpu_count())
    same = (host.get("machine"), host.get("system"), host.get("cpus")) == here
    return same and device_name(run.config.student.device) == device


def _num_parameters(run: Run) -> float:
    figures, _ = check_student(run.config.student)
    return 0.0 if figures is None else (figures.num_parameters or 0.0) * figures.share_a_token
