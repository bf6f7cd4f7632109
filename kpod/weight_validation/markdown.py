"""Validations of a run's weights in Markdown, for a report: every comparison with all baselines on the same tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kpod.markdown_tables import markdown_cell, markdown_table
from kpod.weight_validation.agreement import AGREEMENT_COLUMNS
from kpod.weight_validation.report import Report
from kpod.weight_validation.scores import SCORE_NAMES, baseline_name
from kpod.weight_validation.targets import TARGET_NAMES

WORDS_SHOWN = 20


def reports_markdown(reports: Sequence[Report], title: str) -> str:
    """A section a report."""
    return "\n\n".join([f"# Token weights of {markdown_cell(title)}", *map(_section, reports)]) + "\n"


def predictor_sentences(report: Report) -> list[str]:
    """What was measured of the answer predictor: what masks leave of rationales, how far its encodings are apart."""
    return [said for said in (_losses_sentence(report.losses), _encoding_sentence(report.encoding)) if said]


def _losses_sentence(losses: dict[str, float]) -> str:
    if not losses:
        return ""
    masked, full, empty = (losses[f"nll_{name}"] for name in ("masked", "full", "empty"))
    lost = ""
    if empty > full:
        share = (masked - full) / (empty - full)
        lost = f", so that masking loses {f'{share:.0%}' if share > 0 else 'nothing'} of what they are worth"
    return (
        f"Mask: the answers' NLL is {masked:.3f} with the rationales masked as learned, {full:.3f} with whole ones and "
        f"{empty:.3f} with none (nats a token, over all prefixes){lost}."
    )


def _encoding_sentence(encoding: dict[str, float]) -> str:
    if not encoding:
        return ""
    return (
        f"Encoder: the answers' NLL is {encoding['nll_exact']:.3f} with every prefix encoded for itself and "
        f"{encoding['nll_one_pass']:.3f} in one pass of a causal encoder (nats a token, unmasked, one batch after the "
        f"warm-up); a token's differs by {encoding['encoding_difference']:.3f} on average."
    )


def _section(report: Report) -> str:
    unknown = f" (of {report.unknown:,} unknown)" if report.unknown else ""
    about = (
        f"{report.rationales:,} rationales, {report.tokens:,} visible tokens; truth: {markdown_cell(report.truth)}"
        f"{unknown}; {report.resamples:,} resamples of whole questions; made {markdown_cell(report.made_at)}."
    )
    parts = [
        f"## {markdown_cell(report.data)}",
        " ".join([about, *predictor_sentences(report)]),
        "AUC (95% interval):",
        _aucs(report),
    ]
    for label, rows in (("kind", report.classes), ("role", report.roles), ("word", report.words[:WORDS_SHOWN])):
        if rows:
            parts += [f"Mean weight by {label}:", _means(label, rows)]
    if report.agreement:
        parts += ["Rank correlation with other runs:", _agreement(report)]
    return "\n\n".join(parts)


def _aucs(report: Report) -> str:
    names = [name for name in SCORE_NAMES if any(row["score"] == name for row in report.aucs)]
    rows = []
    for target in dict.fromkeys(row["target"] for row in report.aucs):
        own, best = report.auc_of(target), report.best_baseline(target)
        assert own is not None and best is not None
        row = {
            "comparison": TARGET_NAMES[target],
            "tokens": f"{own['positives']:,}",
            "against": f"{own['negatives']:,}",
        }
        row |= {SCORE_NAMES[name]: _with_interval(report.auc_of(target, name)) for name in names}
        rows.append(row | {"over the best baseline": over_baseline(best)})
    return markdown_table(pd.DataFrame(rows))


def over_baseline(best: dict[str, Any]) -> str:
    """How far the weight is above the best baseline of a comparison, with its interval, and which that is."""
    gap, low, high = (_figure(best[name], "+") for name in ("gap", "gap_low", "gap_high"))
    return f"{gap} ({low} to {high}), {baseline_name(best)}"


def _means(label: str, rows: list[dict[str, Any]]) -> str:
    shown = [
        {
            label: row[label],
            "tokens": f"{row['count']:,}",
            "mean": _figure(row["weight"]),
            "spread": _figure(row["spread"]),
        }
        for row in rows
    ]
    return markdown_table(pd.DataFrame(shown))


def _agreement(report: Report) -> str:
    rows = [
        {"run": row["first"], "and run": row["second"]}
        | {title: _figure(row[name]) for name, title in AGREEMENT_COLUMNS.items()}
        for row in report.agreement
    ]
    return markdown_table(pd.DataFrame(rows))


def _with_interval(row: dict[str, Any] | None) -> str:
    assert row is not None
    return f"{_figure(row['auc'])} ({_figure(row['low'])} to {_figure(row['high'])})"


def _figure(value: float | None, sign: str = "") -> str:
    if value is None:
        return "undefined"
    return f"{value:,}" if isinstance(value, int) else f"{value:{sign}.3f}"
