"""The tables of an ablation, from its finished runs alone: see `kpod.ablation_store` for their columns. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kpod import methods
from kpod.ablation_departures import departures_table
from kpod.ablation_markdown import markdown, tables_markdown
from kpod.ablation_store import CELL_COLUMNS, Ablation, Cell, cell_columns
from kpod.paired_comparison import compare_paired
from kpod.results import numbers_of_steps
from kpod.run_store import Run, load_run
from kpod.statistics import bootstrap_interval, holm_correction, wilson_interval

Finished = Sequence[tuple[Cell, Run]]
NOT_A_NUMBER = float("nan")
BY_STEPS_COLUMNS = (
    "evaluation_set", "method", "label", "num_steps", "questions", "correct", "accuracy", "low", "high",
)  # fmt: skip
BY_STEPS_COMPARED = ("difference", "difference_low", "difference_high", "p_value")


def write_tables(ablation: Ablation) -> None:
    """All tables of the runs that have finished."""
    finished = [
        (cell, load_run(cell.folder)) for cell in ablation.matrix() if cell.folder.name in ablation.state.finished_runs
    ]
    reference = ablation.state.reference
    results = results_table(finished)
    summary = summary_table(finished, results, reference)
    by_steps = by_steps_table(finished, reference)
    ablation.write_table("results", results)
    ablation.write_table("by_steps", by_steps)
    ablation.write_table("departures", departures := departures_table(finished))
    ablation.write_table("summary", summary)
    tables = tables_markdown(summary, by_steps, departures, results)
    ablation.write_markdown(markdown(tables, results, ablation.name, ablation.state.equal))


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
                cell_columns(cell.setting, cell.value)
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


def by_steps_table(runs: Finished, reference: str) -> pd.DataFrame:
    """One row a varied value, method, evaluation set and number of steps that the questions take, over all seeds, with
    the difference to the reference method of that value on the questions of so many steps."""
    answers = _answers_with_steps(runs)
    rows = []
    for (setting, value), of_value in answers.groupby(list(CELL_COLUMNS), sort=False):
        for (evaluation_set, num_steps), each in of_value.groupby(["evaluation_set", "num_steps"], sort=False):
            predictions = {key: {evaluation_set: own} for key, own in each.groupby(["method", "seed"], sort=False)}
            for method, own in each.groupby("method", sort=False):
                told = cell_columns(setting, value) | {"evaluation_set": evaluation_set, "method": method}
                told |= {"label": methods.get(method).label, "num_steps": int(num_steps), **_accuracy(own)}
                against = _against(reference, method, evaluation_set, predictions)
                compared = {name: against[name] for name in BY_STEPS_COMPARED}
                rows.append(told | {"is_reference": method == reference} | compared)
    if not rows:
        return pd.DataFrame(columns=[*BY_STEPS_COLUMNS, "is_reference", *BY_STEPS_COMPARED, "p_adjusted"])
    table = _with_holm(pd.DataFrame(rows))
    # Values stay in the order that they were given in, and methods too.
    order = [column for column in (*CELL_COLUMNS, "evaluation_set", "method") if column in table]
    places = {column: {each: place for place, each in enumerate(answers[column].unique())} for column in order}
    ranks = table.assign(**{column: table[column].map(place) for column, place in places.items()})
    return table.loc[ranks.sort_values([*order, "num_steps"], kind="stable").index].reset_index(drop=True)


def _answers_with_steps(runs: Finished) -> pd.DataFrame:
    """Every answer whose question takes a known number of steps, in the order of the runs."""
    frames = []
    for cell, run in runs:
        steps = _steps_of_questions(run)
        told = {"setting": cell.setting, "value": cell.value, "method": cell.method, "seed": cell.seed}
        for evaluation_set, predictions in _by_set(run).items():
            names = predictions["question"].astype(str)
            frame = pd.DataFrame({"question": names, "num_steps": names.map(steps), "correct": predictions["correct"]})
            frames.append(frame.dropna().assign(evaluation_set=evaluation_set, **told))
    columns = ["question", "num_steps", "correct", "evaluation_set", *CELL_COLUMNS, "method", "seed"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _accuracy(answers: pd.DataFrame) -> dict[str, Any]:
    """Of one method's answers under its seeds."""
    correct, questions = int(answers["correct"].sum()), len(answers)
    by_seed = answers.groupby("seed")["correct"].mean()
    # Seeds answer the same questions: their answers are not so many independent ones.
    low, high = bootstrap_interval(by_seed) if len(by_seed) > 1 else wilson_interval(correct, questions)
    return {"questions": questions, "correct": correct, "accuracy": correct / questions, "low": low, "high": high}


def _steps_of_questions(run: Run) -> dict[str, int]:
    """How many steps each question takes that is measured, where that is known."""
    columns = ["question", "rationale", "trained", *(["num_steps"] if run.has("questions", "num_steps") else [])]
    questions = run.table("questions", columns=columns)
    questions = questions[~questions["trained"].astype(bool)]
    counts = zip(questions["question"].astype(str), numbers_of_steps(questions), strict=True)
    return {question: count for question, count in counts if count is not None}


def summary_table(runs: Finished, results: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row a varied value, method and evaluation set, with the difference to the reference method of that value on
    the same seeds."""
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
            cell_columns(setting, value)
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
    return _with_holm(pd.DataFrame(rows))


def _with_holm(table: pd.DataFrame) -> pd.DataFrame:
    """The table with `p_adjusted`, over all its tests."""
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
