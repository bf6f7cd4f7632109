"""The tables of an ablation, from its finished runs alone: see `kpod.ablation_store` for their columns. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kpod import methods
from kpod.ablation_store import CELL_COLUMNS, Cell
from kpod.paired_comparison import compare_paired
from kpod.results import DISTILLED, answer_table, numbers_of_steps
from kpod.run_store import Run
from kpod.statistics import bootstrap_interval, holm_correction, wilson_interval
from kpod.wrong_answers import DEPARTURES, departures

Finished = Sequence[tuple[Cell, Run]]
NOT_A_NUMBER = float("nan")


def results_table(runs: Finished) -> pd.DataFrame:
    """One row a varied value, method, seed and evaluation set, from the finished runs in order."""
    rows = []
    for cell, run in runs:
        summary, base = run.state.summary, _by_set(run, base=True)
        seconds = {f"seconds_{name.replace(' ', '_')}": record.seconds for name, record in run.state.stages.items()}
        for evaluation_set, predictions in _by_set(run).items():
            correct, questions = int(predictions["correct"].sum()), len(predictions)
            low, high = wilson_interval(correct, questions)
            rows.append(
                _cell_columns(cell.setting, cell.value)
                | {
                    "evaluation_set": evaluation_set,
                    "method": cell.method,
                    "label": methods.get(cell.method).label,
                    "seed": cell.seed,
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


def by_steps_table(runs: Finished) -> pd.DataFrame:
    """One row a varied value, method, evaluation set and number of steps that the questions take, over all seeds."""
    frames = []
    for cell, run in runs:
        steps = _steps_of_questions(run)
        for evaluation_set, predictions in _by_set(run).items():
            counts = predictions["question"].astype(str).map(steps)
            frame = pd.DataFrame({"num_steps": counts, "correct": predictions["correct"]}).dropna()
            columns = _cell_columns(cell.setting, cell.value)
            told = {"evaluation_set": evaluation_set, "method": cell.method, "seed": cell.seed}
            frames.append(frame.assign(**columns, **told))
    varied = [column for column in CELL_COLUMNS if frames and column in frames[0]]
    keys = [*varied, "evaluation_set", "method", "num_steps"]
    rows = []
    if frames:
        for key, each in pd.concat(frames, ignore_index=True).groupby(keys, sort=False):
            *told, method, num_steps = key
            correct, questions = int(each["correct"].sum()), len(each)
            label, share = methods.get(method).label, correct / questions
            by_seed = each.groupby("seed")["correct"].mean()
            # Seeds answer the same questions: their answers are not so many independent ones.
            interval = bootstrap_interval(by_seed) if len(by_seed) > 1 else wilson_interval(correct, questions)
            rows.append([*told, method, label, int(num_steps), questions, correct, share, *interval])
    figures = ["questions", "correct", "accuracy", "low", "high"]
    table = pd.DataFrame(rows, columns=[*varied, "evaluation_set", "method", "label", "num_steps", *figures])
    # Values stay in the order that they were given in, and methods too.
    places = {column: {each: place for place, each in enumerate(table[column].unique())} for column in keys[:-1]}
    ranks = table.assign(**{column: table[column].map(place) for column, place in places.items()})
    return table.loc[ranks.sort_values(keys, kind="stable").index].reset_index(drop=True)


def departures_table(runs: Finished) -> pd.DataFrame:
    """One row a varied value, method, evaluation set and way in which wrong answers part from the solution."""
    found: dict[tuple[str, ...], list[pd.Series]] = {}
    for cell, run in runs:
        answers = answer_table(run.predictions, run.questions, run.config.steps.mode)
        answers = answers[answers["student"] == DISTILLED]
        for evaluation_set, each in answers.assign(departure=departures(answers)).groupby("evaluation_set", sort=False):
            key = (cell.setting, cell.value, str(evaluation_set), cell.method)
            found.setdefault(key, []).append(each["departure"])
    occurring = {kind for seeds in found.values() for each in seeds for kind in each.unique()}
    rows = []
    for (setting, value, evaluation_set, method), seeds in found.items():
        for kind in (kind for kind in DEPARTURES if kind in occurring):
            counts = [int((each == kind).sum()) for each in seeds]
            shares = [count / len(each) for count, each in zip(counts, seeds, strict=True)]
            interval = bootstrap_interval(shares) if len(seeds) > 1 else wilson_interval(counts[0], len(seeds[0]))
            rows.append(
                _cell_columns(setting, value)
                | {"evaluation_set": evaluation_set, "method": method, "label": methods.get(method).label}
                | {"departure": kind, "questions": sum(map(len, seeds)), "wrong": sum(counts)}
                | {"share": sum(shares) / len(shares), "low": interval[0], "high": interval[1]}
            )
    columns = ["evaluation_set", "method", "label", "departure", "questions", "wrong", "share", "low", "high"]
    varied = list(CELL_COLUMNS) if any(cell.setting for cell, _ in runs) else []
    return pd.DataFrame(rows, columns=[*varied, *columns])


def _steps_of_questions(run: Run) -> dict[str, int]:
    """How many steps each question takes that is measured, where that is known."""
    columns = ["question", "rationale", "trained", *(["num_steps"] if run.has("questions", "num_steps") else [])]
    questions = run.table("questions", columns=columns)
    questions = questions[~questions["trained"].astype(bool)]
    counts = zip(questions["question"].astype(str), numbers_of_steps(questions), strict=True)
    return {question: count for question, count in counts if count is not None}


def summary_table(runs: Finished, reference: str) -> pd.DataFrame:
    """One row a varied value, method and evaluation set, with the difference to the reference method of that value on
    the same seeds."""
    results = results_table(runs)
    varied = [column for column in CELL_COLUMNS if column in results]
    predictions = {(cell.setting, cell.value, cell.method, cell.seed): _by_set(run) for cell, run in runs}
    rows = []
    for key, each in results.groupby([*varied, "evaluation_set", "method"], sort=False):
        *told, evaluation_set, method = key
        setting, value = told or ("", "")
        of_the_value = {
            (name, seed): sets for (*cell, name, seed), sets in predictions.items() if cell == [setting, value]
        }
        low, high = bootstrap_interval(each["accuracy"].tolist())
        rows.append(
            _cell_columns(setting, value)
            | {
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
                **_against(reference, method, evaluation_set, of_the_value),
            }
        )
    table = pd.DataFrame(rows)
    table["p_adjusted"] = NOT_A_NUMBER
    tested = table["p_value"].notna()
    table.loc[tested, "p_adjusted"] = holm_correction(table.loc[tested, "p_value"].tolist())
    return table


def _cell_columns(setting: str, value: str) -> dict[str, str]:
    """The columns that say what is varied; none where nothing is."""
    return dict(zip(CELL_COLUMNS, (setting, value), strict=True)) if setting else {}


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
