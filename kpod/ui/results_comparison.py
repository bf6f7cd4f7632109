"""A run against others on the same questions: flips with McNemar's test, and many runs with Holm's correction."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from kpod.charts.text import for_html, one_line
from kpod.results import (
    BOTH_RIGHT,
    BOTH_WRONG,
    ONLY_FIRST,
    ONLY_SECOND,
    Pairing,
    compare_many,
    distilled,
    pair,
    plain_twin,
)
from kpod.run_store import Run
from kpod.statistics import McNemar
from kpod.ui import address, parts, state
from kpod.ui.results_parts import MAX_ROWS, answers, distilled_answers, download, question_rows, set_choice, share_table
from kpod.ui.results_steps import side_by_side

CHANGES = ("flipped", ONLY_FIRST, ONLY_SECOND, BOTH_RIGHT, BOTH_WRONG)


def two_runs(run: Run, others: dict[str, Run]) -> None:
    """The chosen run and another on the questions that both answered."""
    measured = distilled_answers(others)
    if not measured:
        _no_others()
        return
    key = _other(run, {key: others[key] for key in measured})
    other = others[key]
    pairing = pair(distilled(answers(run)), measured[key])
    if pairing.table.empty:
        parts.empty_state(
            "These two runs share no question",
            "Runs are compared on the same questions of the same evaluation set. Choose another run, or measure one of "
            "them on the set of the other: data.evaluation_source in its configuration.",
        )
        return
    by_set = pairing.by_set()
    if len(by_set) > 1:
        _by_set(run, by_set)
        pairing = pairing.on(str(set_choice(by_set)["evaluation_set"].iloc[0]))
    _summary(run, other, pairing)
    _flips(run, other, pairing)


def _by_set(run: Run, table: pd.DataFrame) -> None:
    """Every set that both runs answered, this run minus the other as in the figures below."""
    parts.section(
        "By evaluation set",
        "Differences are this run's minus the other's. The adjusted p-value allows for as many comparisons as there "
        "are sets (Holm).",
    )
    table = table.assign(difference=-table["difference"])
    _share_table(table, "by-set", accuracy="the other", only_other="only the other right")
    download(run, table, "comparison-by-set")


def _no_others() -> None:
    parts.empty_state(
        "No other run to compare with",
        "Another run that has answered the evaluation questions appears here. A plain one of the same data is made by:",
        command="python -m kpod run --config CONFIG.yaml --set method=plain",
    )


def _other(run: Run, others: dict[str, Run]) -> str:
    """The choice of the other run; a plain run of the same data comes first."""
    twin = plain_twin(run, others.items())
    keys = sorted(others, key=lambda key: key != twin)
    address.settle("other", keys)
    names = {key: f"{one_line(others[key].name, 70)} · {others[key].config.method}" for key in keys}
    labels = state.distinct_labels(names)
    return st.selectbox(
        "Compared with", keys, format_func=labels.__getitem__, key="other", filter_mode="contains", width=560
    )


def _summary(run: Run, other: Run, pairing: Pairing) -> None:
    """The two-by-two table in words and numbers, and what the test makes of it."""
    test, count = pairing.test, len(pairing.table)
    both, neither = pairing.count(BOTH_RIGHT), pairing.count(BOTH_WRONG)
    names = for_html(run.name, 50), for_html(other.name, 50)
    counts = (("right", both, test.only_first), ("wrong", test.only_second, neither))
    side = f'<th scope="rowgroup" rowspan="2">{names[0]}</th>'
    body = "".join(
        f'<tr>{side if outcome == "right" else ""}<th scope="row">{outcome}</th><td>{a:,}</td><td>{b:,}</td></tr>'
        for outcome, a, b in counts
    )
    left, right = st.columns([6, 5], gap="large", vertical_alignment="center")
    left.html(
        f'<div class="kp-four"><table><thead><tr><td colspan="2" rowspan="2"></td>'
        f'<th scope="colgroup" colspan="2">{names[1]}</th></tr><tr><th scope="col">right</th>'
        f'<th scope="col">wrong</th></tr></thead><tbody>{body}</tbody></table></div>'
    )
    with right:
        _difference(both, test, count)
    if pairing.other_texts:
        parts.notice(
            "warning",
            f"{pairing.other_texts:,} questions have one id and two texts",
            "They are not the same question and were left out; the two runs were measured on different files.",
        )


def _difference(both: int, test: McNemar, count: int) -> None:
    """Both accuracies, how far apart they are, and whether that could be chance; `both`: right in both runs."""
    apart = (test.only_first - test.only_second) / count
    parts.figures(
        [
            (f"{(both + test.only_first) / count:.1%}", "this run", f"of {count:,} shared questions"),
            (f"{(both + test.only_second) / count:.1%}", "the other", f"of {count:,} shared questions"),
            (f"{100 * apart:+.1f} points", "difference", "this run minus the other"),
            (_p(test.p_value), "McNemar, exact", "chance of a difference at least this large if neither were better"),
        ]
    )
    if test.only_first + test.only_second:
        certain = "hardly by chance" if test.p_value < 0.05 else "which chance alone could give"
        st.caption(f"{test.only_first + test.only_second:,} of {count:,} questions flipped, {certain}.")
    else:
        st.caption("No question flipped: both are right and wrong on the same ones.")


def _flips(run: Run, other: Run, pairing: Pairing) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="flip-bar"):
        kept = st.segmented_control(
            "Show", CHANGES, default=CHANGES[0], required=True, key="change", bind="query-params"
        )
        download(run, pairing.table, "comparison")
    table = pairing.flips if kept == "flipped" else pairing.table[pairing.table["change"] == kept]
    if table.empty:
        parts.empty_state("None", "No shared question is like that; choose another of the groups.")
        return
    shown = table.head(MAX_ROWS)
    ids = shown["question"].tolist()
    frame = pd.DataFrame({"question": [one_line(each, 40) for each in ids], "right": shown["change"].to_numpy()})
    for column, name in (("answer_first", "this run"), ("answer_second", "the other"), ("gold", "gold")):
        frame[name] = [None if pd.isna(each) else one_line(str(each), 30) for each in shown[column]]
    frame["text"] = [one_line(each, 200) for each in shown["text"]]

    question_rows(frame, ids, key="flip-table")
    at = table.index[table["question"] == state.chosen_question()]
    _both(run, other, table.loc[at[0]] if len(at) else table.iloc[0])


def _both(run: Run, other: Run, row: pd.Series) -> None:
    parts.section(one_line(row["question"], 60))
    parts.question_card({"text": row["text"], "answer": row["gold"]})
    teacher = None if row["rationale"] is None else (f"answer {row['gold']}", row["rationale"])
    columns = []
    for name, side in ((run.name, "first"), (other.name, "second")):
        answer = row[f"answer_{side}"]
        note = "– no answer" if pd.isna(answer) else f"answer {answer}"
        columns.append((name, note, row[f"output_{side}"]))
    side_by_side(columns, row["text"], run.config.steps.mode, teacher)


def all_runs(run: Run, others: dict[str, Run]) -> None:
    """Every run that shares questions with the chosen one, in one table."""
    measured = distilled_answers(others)
    shared = {name for each in measured.values() for name in each["evaluation_set"].unique()}
    chosen = distilled(answers(run))
    table = compare_many(set_choice(chosen[chosen["evaluation_set"].isin(shared)]), measured)
    if table.empty:
        _no_others()
        return
    names = [others[key].name for key in table["key"]]
    methods = [others[key].config.method for key in table["key"]]
    seeds = [others[key].config.seed for key in table["key"]]
    full = table.assign(run=names, method=methods, seed=seeds)
    full = full[["run", "method", "seed", *table.columns]].sort_values("difference", ascending=False)
    parts.section(
        f"Other runs on the questions of this one ({len(table):,})",
        "Differences are theirs minus this run's, on the questions that both answered. The adjusted p-value allows for "
        "as many comparisons as there are rows (Holm).",
    )
    _share_table(full.drop(columns="key").assign(run=[one_line(name, 80) for name in full["run"]]), "all-runs")
    download(run, full, "all-runs")


def _share_table(table: pd.DataFrame, key: str, **labels: str) -> None:
    shown = table.assign(**{name: [_p(p) for p in table[name]] for name in ("p_value", "p_adjusted")})
    share_table(
        shown,
        key,
        ("accuracy", "chosen_accuracy", "difference"),
        **{
            "chosen_accuracy": "this run",
            "only_other": "only it right",
            "only_chosen": "only this run right",
            "p_value": "p (McNemar)",
            **labels,
        },
    )


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p = {value:.4f}"
