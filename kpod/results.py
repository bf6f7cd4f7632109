"""What a run's answers come to: accuracies with intervals, flips between two runs, comparisons of many, and costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from kpod.prompts import ANSWER_TRIGGER
from kpod.run_store import Run
from kpod.statistics import McNemar, holm_correction, mcnemar_exact, wilson_interval
from kpod.step_splitting import split_steps

BASE, DISTILLED = "before distillation", "after distillation"
RIGHT, WRONG, NO_ANSWER = "right", "wrong", "no answer"
BOTH_RIGHT, ONLY_FIRST, ONLY_SECOND, BOTH_WRONG = "both right", "only this run", "only the other", "both wrong"
PLAIN_METHOD = "plain"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def answer_table(predictions: pd.DataFrame, questions: pd.DataFrame, step_mode: str = "sentence") -> pd.DataFrame:
    """One row an answer of the student before (epoch 0) and after distillation (the last epoch that was measured).

    Columns: evaluation_set, question, student, outcome (right, wrong, no answer), correct, answer, gold, output, text,
    rationale (of the gold solution or the teacher; None where there is none), num_steps (`numbers_of_steps`),
    unfinished (the output never comes to its answer sentence).
    """
    last = predictions["epoch"].max()
    kept = predictions[predictions["epoch"].isin({0, last})]
    known = questions.drop_duplicates("question").set_index("question").reindex(kept["question"])
    rationales = [text if isinstance(text, str) else None for text in known["rationale"]]
    correct = kept["correct"].to_numpy(dtype=bool)
    outcome = pd.Series(WRONG, index=kept.index).mask(kept["answer"].isna(), NO_ANSWER).mask(correct, RIGHT)
    output = kept["output"].fillna("").astype(str)
    return pd.DataFrame(
        {
            "evaluation_set": kept["evaluation_set"].astype(str).to_numpy(),
            "question": kept["question"].astype(str).to_numpy(),
            "student": [BASE if epoch == 0 else DISTILLED for epoch in kept["epoch"]],
            "outcome": outcome.to_numpy(),
            "correct": correct,
            "answer": pd.Series([None if pd.isna(each) else str(each) for each in kept["answer"]], dtype=object),
            "gold": known["answer"].fillna("").astype(str).to_numpy(),
            "output": output.to_numpy(),
            "text": known["text"].fillna("").astype(str).to_numpy(),
            "rationale": pd.Series(rationales, dtype=object),
            "num_steps": pd.array(numbers_of_steps(known, step_mode), dtype="Int64"),
            "unfinished": ~output.str.contains(ANSWER_TRIGGER, regex=False).to_numpy(),
        }
    )


def numbers_of_steps(questions: pd.DataFrame, step_mode: str = "sentence") -> list[int | None]:
    """How many steps each question takes: as its data say (num_steps), else as its own rationale has; None for neither.

    `questions` has rationale, and num_steps where the run has kept it.
    """
    said = questions["num_steps"] if "num_steps" in questions else [None] * len(questions)
    return [
        int(count) if pd.notna(count) else len(split_steps(text, step_mode)) if isinstance(text, str) else None
        for count, text in zip(said, questions["rationale"], strict=True)
    ]


def accuracy_table(answers: pd.DataFrame) -> pd.DataFrame:
    """A row an evaluation set and student, before distillation first.

    Columns: questions, correct, accuracy, low, high (95% Wilson), no_answer, unfinished (questions).
    """
    return _accuracies(answers, ["evaluation_set", "student"])


def accuracy_by_steps(answers: pd.DataFrame) -> pd.DataFrame:
    """The same by number of steps that the questions take; empty where nothing says so."""
    return _accuracies(answers[answers["num_steps"].notna()], ["evaluation_set", "num_steps", "student"])


def _accuracies(answers: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    rows = []
    for key, group in answers.groupby(by, sort=True):
        right, count = int(group["correct"].sum()), len(group)
        low, high = wilson_interval(right, count)
        rows.append(
            dict(zip(by, key, strict=True))
            | {"questions": count, "correct": right, "accuracy": right / count, "low": low, "high": high}
            | {"no_answer": int(group["answer"].isna().sum()), "unfinished": int(group["unfinished"].sum())}
        )
    columns = [*by, "questions", "correct", "accuracy", "low", "high", "no_answer", "unfinished"]
    table = pd.DataFrame(rows, columns=columns)
    sets = {name: at for at, name in enumerate(answers["evaluation_set"].unique())}
    order = table.assign(evaluation_set=table["evaluation_set"].map(sets), student=table["student"] == DISTILLED)
    return table.loc[order.sort_values(by).index].reset_index(drop=True)


@dataclass(frozen=True)
class Pairing:
    """Two students on the same questions.

    `table`: a row a shared question with evaluation_set, question, text, gold, answer_first, answer_second,
    output_first, output_second, change (both right, only this run, only the other, both wrong). `unshared`: answers
    that only one of them has. `other_texts`: questions of one id that are not the same question.
    """

    table: pd.DataFrame
    unshared: int
    other_texts: int

    def count(self, change: str) -> int:
        return int((self.table["change"] == change).sum())

    @property
    def test(self) -> McNemar:
        """McNemar's exact test: are the questions that only the one got right more than chance gives?"""
        first = self.table["change"].isin((BOTH_RIGHT, ONLY_FIRST))
        return mcnemar_exact(first, self.table["change"].isin((BOTH_RIGHT, ONLY_SECOND)))

    @property
    def flips(self) -> pd.DataFrame:
        return self.table[self.table["change"].isin((ONLY_FIRST, ONLY_SECOND))]

    def on(self, evaluation_set: str) -> Pairing:
        """The questions of one set alone."""
        return replace(self, table=self.table[self.table["evaluation_set"] == evaluation_set])

    def by_set(self) -> pd.DataFrame:
        """A row an evaluation set: evaluation_set, and the columns of `compare_many`, this run being the chosen one.

        The p-values are adjusted for as many sets as there are (Holm).
        """
        names = self.table["evaluation_set"].unique()
        return _adjusted("evaluation_set", [(name, self.on(name)) for name in names])


def pair(first: pd.DataFrame, second: pd.DataFrame) -> Pairing:
    """Pair the answers of two students by evaluation set and question; a question must have the same text in both."""
    keys = ["evaluation_set", "question"]
    merged = first.merge(second, on=keys, suffixes=("_first", "_second"))
    same = merged["text_first"] == merged["text_second"]
    shared = merged[same].reset_index(drop=True)
    change = pd.Series(BOTH_WRONG, index=shared.index)
    change = change.mask(shared["correct_first"], ONLY_FIRST).mask(shared["correct_second"], ONLY_SECOND)
    change = change.mask(shared["correct_first"] & shared["correct_second"], BOTH_RIGHT)
    table = shared[[*keys, "text_first", "gold_first", "rationale_first"]].rename(
        columns={"text_first": "text", "gold_first": "gold", "rationale_first": "rationale"}
    )
    for name in ("answer", "output"):
        table[[f"{name}_first", f"{name}_second"]] = shared[[f"{name}_first", f"{name}_second"]]
    unshared = len(first) + len(second) - 2 * len(merged)
    return Pairing(table.assign(change=change), unshared, int((~same).sum()))


def distilled(answers: pd.DataFrame) -> pd.DataFrame:
    """The answers after distillation."""
    return answers[answers["student"] == DISTILLED]


def compare_many(chosen: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row for each of `others` (by key) that shares questions with `chosen`; both are answers after distillation.

    Columns: key, questions (shared), accuracy, chosen_accuracy (on the same questions), difference (this minus
    chosen), only_other, only_chosen, p_value (McNemar, exact), p_adjusted (Holm, over the rows).
    """
    return _adjusted("key", [(key, pair(chosen, answers)) for key, answers in others.items()])


def _adjusted(label: str, pairings: list[tuple[str, Pairing]]) -> pd.DataFrame:
    """A row a pairing that has questions, and the p-values corrected over the rows."""
    columns = [label, "questions", "accuracy", "chosen_accuracy", "difference", "only_other", "only_chosen", "p_value"]
    rows = []
    for name, pairing in pairings:
        count = len(pairing.table)
        if not count:
            continue
        both, (only_chosen, only_other, p_value) = pairing.count(BOTH_RIGHT), pairing.test
        accuracy, chosen_accuracy = (both + only_other) / count, (both + only_chosen) / count
        difference = (only_other - only_chosen) / count
        rows.append([name, count, accuracy, chosen_accuracy, difference, only_other, only_chosen, p_value])
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(p_adjusted=holm_correction(table["p_value"].tolist()))


# ---- costs


def stage_costs(run: Run, metrics: pd.DataFrame) -> pd.DataFrame:
    """A row a finished pipeline stage: stage, seconds, peak_memory_gb, tokens (missing where it logs none)."""
    tokens = pd.Series(dtype=float)
    if {"stage", "tokens"} <= set(metrics.columns):
        counted = pd.to_numeric(metrics["tokens"], errors="coerce")
        tokens = counted.groupby(metrics["stage"].astype(str)).sum(min_count=1)
    stages = run.state.stages
    return pd.DataFrame(
        {
            "stage": list(stages),
            "seconds": [float(record.seconds) for record in stages.values()],
            "peak_memory_gb": [record.peak_memory_bytes / 1e9 for record in stages.values()],
            "tokens": pd.array([_whole(tokens.get(name)) for name in stages], dtype="Int64"),
        }
    )


def _whole(count: float | None) -> int | None:
    return None if count is None or pd.isna(count) else int(count)


def costs_beside(first: pd.DataFrame, second: pd.DataFrame | None) -> pd.DataFrame:
    """The costs of two runs by stage, in columns NAME and NAME_other.

    The last row, "all stages", has the sums, and of memory the largest.
    """
    other = first.iloc[:0] if second is None else second
    merged = first.merge(other, on="stage", how="outer", suffixes=("", "_other"), sort=False)
    order = {name: at for at, name in enumerate([*first["stage"], *other["stage"]][::-1])}
    merged = merged.sort_values("stage", key=lambda names: -names.map(order), ignore_index=True)
    total: dict[str, object] = {"stage": "all stages"}
    for column in merged.columns.drop("stage"):
        values = merged[column].dropna()
        total[column] = None if values.empty else values.max() if "memory" in column else values.sum()
    return pd.concat([merged.astype(object), pd.DataFrame([total], dtype=object)], ignore_index=True)


def plain_twin(run: Run, runs: Iterable[tuple[str, Run]]) -> str | None:
    """The key of the newest plain run of the same data and student; None where there is none, or this is one."""
    wanted = _inputs(run)
    if run.config.method == PLAIN_METHOD or None in wanted:
        return None
    twins = [
        (each.state.created_at, key)
        for key, each in runs
        if each.config.method == PLAIN_METHOD and each.state.stages and _inputs(each) == wanted
    ]
    return max(twins)[1] if twins else None


def _inputs(run: Run) -> tuple[str | None, ...]:
    return tuple(run.state.input_hashes.get(name) for name in ("student", "data", "evaluation"))


def csv_bytes(table: pd.DataFrame) -> bytes:
    """A table as CSV for spreadsheets: a cell that one would take for a formula gets an apostrophe in front."""
    safe = table.copy()
    for column in safe.columns:
        safe[column] = [
            f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value for value in safe[column]
        ]
    return safe.to_csv(index=False).encode()
