"""Do the weights hold on other data? Mask learning with one set of settings on several sets of rationales."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from kpod.artefacts import write_whole
from kpod.config import RunConfig, make_config, override
from kpod.errors import InputError, RunCancelled
from kpod.markdown_tables import markdown_table
from kpod.run_store import Run, create_run, load_run
from kpod.weight_validation import (
    answer_losses_of,
    encoding_of,
    material_of_run,
    plain_scores,
    save_report,
    validate,
)

DATA = "../shared/data"
SETS: dict[str, dict[str, Any]] = {
    "svamp-gpt35": {"source": "svamp/train_gpt35_mcckd.jsonl", "task": "svamp"},
    "gsm8k-human": {"source": "gsm8k/train_human.jsonl", "task": "gsm8k"},
    "gsm8k-gpt35": {"source": "gsm8k/train_gpt35_metamath_ansaug.jsonl", "task": "gsm8k", "duplicates": "first"},
    "csqa-palm": {"source": "csqa/train.jsonl", "task": "commonsense_qa"},
}
"""Rationales of four kinds in the optional data folder, by name: settings of the section `data`."""

LEAST_KEPT, MOST_KEPT = 0.1, 0.9


@dataclass(frozen=True)
class Outcome:
    """How mask learning ended on a set: the mean weight, the answer's NLL (nats a token) with the rationale masked,
    whole and gone, the warnings, and the AUC of results, None where the set has no arithmetic."""

    name: str
    folder: Path
    keep_rate: float
    nll_masked: float
    nll_full: float
    nll_empty: float
    warnings: tuple[str, ...]
    results_auc: float | None

    @property
    def lost(self) -> float:
        """The share of what the rationale is worth that masking loses; below a half, masked is nearer to whole.

        Infinite where the rationale is worth nothing.
        """
        worth = self.nll_empty - self.nll_full
        return (self.nll_masked - self.nll_full) / worth if worth > 0 else float("inf")

    @property
    def holds(self) -> bool:
        """Between a tenth and nine tenths are kept, and masked rationales are worth more than half of whole ones."""
        return LEAST_KEPT <= self.keep_rate <= MOST_KEPT and self.lost < 0.5 and not self.warnings


def stability_config(name: str, questions: int, settings: Sequence[str] = (), data: str = DATA) -> RunConfig:
    """SmolLM2-135M on the first questions of a set, all of mask learning as the defaults are, then `settings`.

    Raises InputError for a name that is none.
    """
    if name not in SETS:
        raise InputError(f"{name!r} is no set of rationales; there are {', '.join(SETS)}.")
    values = SETS[name] | {"source": f"{data}/{SETS[name]['source']}", "train_limit": questions}
    if not Path(values["source"]).is_file():
        raise InputError(f"There is no {values['source']}. Give the data folder with --data.")
    config = make_config(
        {
            "name": f"Stability: {name}",
            "data": values,
            "student": {"name": "smollm2-135m", "max_tokens": 320},
            "clustering": {"embedding": "tfidf"},
        }
    )
    return override(config, list(settings))


def run_stability(
    root: Path, configs: dict[str, RunConfig], learn: Callable[[Run], Any], resamples: int = 300
) -> Iterator[Outcome]:
    """Learn weights on each set, in a run folder of its name under `root`, and say how it ended.

    learn: does a run's stages up to its weights. A folder that is there already goes on where it stopped. Each run
    keeps its validation. Raises InputError and RunCancelled as a run does.
    """
    for name, config in configs.items():
        folder = root / name
        run = load_run(folder) if (folder / "run.json").is_file() else create_run(folder, config)
        run.config = config
        learn(run)
        run = load_run(folder)
        if "weights" not in run.state.stages:
            raise RunCancelled(f"Stopped before the weights of {name} were learned.")
        yield outcome_of(run, name, resamples)


def save_outcomes(root: Path, outcomes: Sequence[Outcome]) -> None:
    """Keep the outcomes so far in the folder of the runs: stability.json, and stability.md for a report.

    Sets that were learned there before and are none of these stay in both. Raises InputError where they are damaged.
    """
    names = {each.name for each in outcomes}
    outcomes = [each for each in _kept(root) if each.name not in names] + list(outcomes)
    rows = [
        {**asdict(each), "folder": each.folder.name, "lost": each.lost if isfinite(each.lost) else None,
         "holds": each.holds}
        for each in outcomes
    ]  # fmt: skip
    write_whole(root / "stability.json", json.dumps({"outcomes": rows}, ensure_ascii=False, indent=1).encode())
    table = [
        {
            "set": each.name,
            "kept": f"{each.keep_rate:.1%}",
            "NLL, masked rationale": f"{each.nll_masked:.3f}",
            "whole": f"{each.nll_full:.3f}",
            "none": f"{each.nll_empty:.3f}",
            "share of its worth lost": f"{each.lost:.1%}",
            "AUC of results": "no arithmetic" if each.results_auc is None else f"{each.results_auc:.3f}",
            "holds": "yes" if each.holds else "no",
            "warnings": " ".join(each.warnings),
        }
        for each in outcomes
    ]
    text = f"# Mask learning on several sets\n\n{markdown_table(pd.DataFrame(table))}\n"
    write_whole(root / "stability.md", text.encode())


def _kept(root: Path) -> list[Outcome]:
    path = root / "stability.json"
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["outcomes"]
        return [
            Outcome(
                **{each.name: row[each.name] for each in fields(Outcome)}
                | {"folder": root / row["folder"], "warnings": tuple(row["warnings"])}
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} cannot be read ({error}); move it away, and the outcomes of the sets to come are written anew."
        ) from error


def outcome_of(run: Run, name: str, resamples: int = 300) -> Outcome:
    """How a run's mask learning ended; validates it on the way.

    Raises InputError for a run of an earlier version, which did not measure the answer's losses in the end.
    """
    material = material_of_run(run)
    found = validate(material, plain_scores(material), data="training rationales", resamples=resamples)
    nlls = answer_losses_of(run)
    report = save_report(run, replace(found, encoding=encoding_of(run), losses=nlls))
    if not nlls:
        raise InputError(
            f"{run.folder} does not say what its masks leave of the answers: it was made by an earlier version. Delete "
            "the folder, and its weights are learned anew."
        )
    row = report.auc_of("results")
    return Outcome(
        name,
        run.folder,
        float(run.table("tokens", columns=["weight"])["weight"].mean()),
        nlls["nll_masked"],
        nlls["nll_full"],
        nlls["nll_empty"],
        tuple(run.state.stages["weights"].warnings),
        None if row is None else row["auc"],
    )
