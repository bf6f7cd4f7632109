"""The tables of an ablation, from its finished runs alone: see `kpod.ablation_store` for their columns. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kpod import methods
from kpod.paired_comparison import compare_paired
from kpod.run_store import Run
from kpod.statistics import bootstrap_interval, holm_correction, wilson_interval
from kpod.step_splitting import split_steps

NOT_A_NUMBER = float("nan")


def results_table(runs: Sequence[tuple[str, int, Run]]) -> pd.DataFrame:
    """One row a method, seed and evaluation set, from the finished runs (method, seed, run) in order."""
    rows = []
    for method, seed, run in runs:
        summary, base = run.state.summary, _by_set(run, base=True)
        seconds = {f"seconds_{name.replace(' ', '_')}": record.seconds for name, record in run.state.stages.items()}
        for evaluation_set, predictions in _by_set(run).items():
            correct, questions = int(predictions["correct"].sum()), len(predictions)
            low, high = wilson_interval(correct, questions)
            rows.append(
                {
                    "evaluation_set": evaluation_set,
                    "method": method,
                    "label": methods.get(method).label,
                    "seed": seed,
                    "run": run.folder.name,
                    "questions": questions,
                    "correct": correct,
                    "accuracy": correct / questions,
                    "low": low,
                    "high": high,
                    "no_answer": int(predictions["answer"].isna().sum()),
                    "base_accuracy": float(base[evaluation_set]["correct"].mean()) if evaluation_set in base else None,
                    "supervised_tokens": summary["supervised_tokens"],
                    "steps": summary["training_steps"],
                    "seconds": sum(seconds.values()),
                    **seconds,
                }
            )
    return pd.DataFrame(rows)


def by_steps_table(runs: Sequence[tuple[str, int, Run]]) -> pd.DataFrame:
    """One row a method, evaluation set and number of steps of the question's own rationale, over all seeds."""
    frames = []
    for method, _, run in runs:
        questions = run.table("questions", columns=["question", "rationale", "trained"])
        known = questions[~questions["trained"].astype(bool) & questions["rationale"].notna()]
        steps = {row.question: len(split_steps(row.rationale)) for row in known.itertuples(index=False)}
        for evaluation_set, predictions in _by_set(run).items():
            counts = predictions["question"].astype(str).map(steps)
            frame = pd.DataFrame({"num_steps": counts, "correct": predictions["correct"]}).dropna()
            frames.append(frame.assign(evaluation_set=evaluation_set, method=method))
    rows = []
    if frames:
        together = pd.concat(frames, ignore_index=True)
        for (evaluation_set, method, num_steps), each in together.groupby(
            ["evaluation_set", "method", "num_steps"], sort=False
        ):
            correct, questions = int(each["correct"].sum()), len(each)
            label, share = methods.get(method).label, correct / questions
            interval = wilson_interval(correct, questions)
            rows.append([evaluation_set, method, label, int(num_steps), questions, correct, share, *interval])
    columns = ["evaluation_set", "method", "label", "num_steps", "questions", "correct", "accuracy", "low", "high"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["evaluation_set", "method", "num_steps"], kind="stable", ignore_index=True
    )


def summary_table(runs: Sequence[tuple[str, int, Run]], reference: str) -> pd.DataFrame:
    """One row a method and evaluation set, with the difference to the reference method on the same seeds."""
    results = results_table(runs)
    predictions = {(method, seed): _by_set(run) for method, seed, run in runs}
    rows = []
    for (evaluation_set, method), each in results.groupby(["evaluation_set", "method"], sort=False):
        low, high = bootstrap_interval(each["accuracy"].tolist())
        rows.append(
            {
                "evaluation_set": evaluation_set,
                "method": method,
                "label": methods.get(method).label,
                "is_reference": method == reference,
                "seeds": len(each),
                "accuracy": float(each["accuracy"].mean()),
                "low": low,
                "high": high,
                "no_answer": float(each["no_answer"].mean()),
                "supervised_tokens": float(each["supervised_tokens"].mean()),
                "seconds": float(each["seconds"].mean()),
                **_against(reference, method, evaluation_set, predictions),
            }
        )
    table = pd.DataFrame(rows)
    table["p_adjusted"] = NOT_A_NUMBER
    tested = table["p_value"].notna()
    table.loc[tested, "p_adjusted"] = holm_correction(table.loc[tested, "p_value"].tolist())
    return table


def _against(reference: str, method: str, evaluation_set: str, predictions: dict) -> dict[str, Any]:
    """The comparison with the reference over the seeds and questions that both have; NaN where there are none."""
    columns = ("difference", "difference_low", "difference_high", "only_method", "only_reference", "p_value")
    nothing = dict.fromkeys(columns, NOT_A_NUMBER)
    seeds = [seed for name, seed in predictions if name == method and (reference, seed) in predictions]
    if method == reference or not seeds:
        return nothing
    matrices = [
        pd.concat(
            [predictions[name, seed][evaluation_set].set_index("question")["correct"] for seed in seeds],
            axis=1,
            join="inner",
        )
        for name in (method, reference)
    ]
    shared = matrices[0].index.intersection(matrices[1].index)
    found = compare_paired(*(matrix.loc[shared].to_numpy().T for matrix in matrices))
    values = (found.difference, *found.interval, found.only_first, found.only_second, found.p_value)
    return dict(zip(columns, map(float, values), strict=True))


def _by_set(run: Run, base: bool = False) -> dict[str, pd.DataFrame]:
    """The predictions of the distilled student (or of the base student) by evaluation set."""
    table = run.predictions
    chosen = table[(table["epoch"] == 0) == base]
    return {str(name): each for name, each in chosen.groupby("evaluation_set", sort=False, observed=True)}


def markdown(summary: pd.DataFrame, results: pd.DataFrame, title: str, equal: str) -> str:
    """The summary and the results for a report."""
    shown = pd.DataFrame(
        {
            "evaluation set": summary["evaluation_set"],
            "method": summary["label"],
            "seeds": summary["seeds"],
            "accuracy": [_interval(*row) for row in summary[["accuracy", "low", "high"]].to_numpy()],
            "difference": [
                "reference" if row.is_reference else _difference(row) for row in summary.itertuples(index=False)
            ],
            "p": summary["p_value"].map(_p),
            "p, Holm": summary["p_adjusted"].map(_p),
            "supervised tokens": summary["supervised_tokens"].map("{:,.0f}".format),
            "seconds": summary["seconds"].map("{:,.0f}".format),
        }
    )
    each = pd.DataFrame(
        {
            "evaluation set": results["evaluation_set"],
            "method": results["label"],
            "seed": results["seed"],
            "right": [f"{row.correct} of {row.questions}" for row in results.itertuples(index=False)],
            "accuracy": [_interval(*row) for row in results[["accuracy", "low", "high"]].to_numpy()],
            "no answer": results["no_answer"],
            "supervised tokens": results["supervised_tokens"].map("{:,}".format),
            "seconds": results["seconds"].map("{:,.0f}".format),
        }
    )
    return (
        f"# {_cell(title)}\n\nAll methods are given the same number of {equal}. Accuracy: mean over seeds with its "
        "bootstrap interval; difference: paired bootstrap over seeds and questions; p: exact paired sign-flip test; "
        f"intervals are of 95%.\n\n{_lines(shown)}\n\n## Every run\n\nIntervals are Wilson's.\n\n{_lines(each)}\n"
    )


def _lines(frame: pd.DataFrame) -> str:
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in rows)


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|").replace("<", "&lt;")


def _interval(value: float, low: float, high: float) -> str:
    return f"{value:.1%} ({low:.1%} to {high:.1%})"


def _difference(row: Any) -> str:
    if np.isnan(row.difference):
        return ""
    return f"{100 * row.difference:+.1f} ({100 * row.difference_low:+.1f} to {100 * row.difference_high:+.1f})"


def _p(value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.3f}" if value >= 0.001 else "< .001"
