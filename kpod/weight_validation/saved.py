"""The validations that a run keeps, a report for each set of rationales: one file, written whole, and its tables."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from kpod.artefacts import write_whole
from kpod.errors import InputError
from kpod.run_store import Run, now
from kpod.weight_validation.markdown import reports_markdown
from kpod.weight_validation.report import Report
from kpod.weight_validation.scores import SCORE_NAMES
from kpod.weight_validation.targets import TARGET_NAMES

FILE = "weight_validation.json"
MARKDOWN = "weight_validation.md"  # the same for a report: nothing reads it
ENCODING_FIGURES = ("nll_exact", "nll_one_pass", "encoding_difference")
ANSWER_LOSSES = ("nll_masked", "nll_full", "nll_empty")
_FIELDS = {field.name for field in fields(Report)}
_NUMBER, _MAYBE = (int, float), (int, float, type(None))
_MEANS = {"count": int, "weight": _NUMBER, "spread": _NUMBER}
_ROWS: dict[str, dict[str, Any]] = {
    "aucs": {"target": str, "score": str, "positives": int, "negatives": int, "auc": _NUMBER, "low": _MAYBE,
             "high": _MAYBE},
    "classes": {"kind": str, **_MEANS},
    "roles": {"role": str, **_MEANS},
    "words": {"word": str, "kind": str, **_MEANS},
    "epochs": {"epoch": int, "target": str, "auc": _MAYBE},
    "agreement": {"first": str, "second": str, "questions": int, "tokens": int, "spearman": _MAYBE, "within": _MAYBE,
                  "in_digits": _MAYBE, "kendall": _MAYBE},
}  # fmt: skip
"""What the rows of a report hold."""


def read_reports(run: Run) -> list[Report]:
    """The validations of a run, none where none was made. Raises InputError where the file is damaged."""
    path = run.folder / FILE
    if not path.is_file():
        return []
    try:
        return [_checked(row) for row in json.loads(path.read_text(encoding="utf-8"))["reports"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is damaged ({error}). Delete it and validate again: python -m kpod validate-weights {run.folder}"
        ) from error


def _checked(row: dict[str, Any]) -> Report:
    """The report of a row of the file, which may have come with a run from anywhere. Raises ValueError and the like."""
    report = Report(**{name: value for name, value in row.items() if name in _FIELDS})
    for name, keys in _ROWS.items():
        for each in getattr(report, name):
            for key, kind in keys.items():
                if not isinstance(each[key], kind) or isinstance(each[key], bool):
                    raise ValueError(f"{name} has {key} {str(each[key])[:40]!r}")
    for name, figures in (("encoding", ENCODING_FIGURES), ("losses", ANSWER_LOSSES)):
        told = getattr(report, name)
        if told and not all(isinstance(told[figure], float) for figure in figures):
            raise ValueError(f"{name} holds no numbers")
    named = {each["target"] for each in (*report.aucs, *report.epochs)} - set(TARGET_NAMES)
    named |= {each["score"] for each in report.aucs} - set(SCORE_NAMES)
    if named:
        raise ValueError(f"it names {sorted(named)[0][:40]!r}")
    return report


def save_report(run: Run, report: Report) -> Report:
    """Keep a report in the run, in place of an earlier one on the same rationales; the report as it is kept.

    Raises InputError where another process works on the run.
    """
    kept = replace(report, made_at=now(), fingerprint=weights_fingerprint(run))
    with run.locked():
        others = [each for each in read_reports(run) if each.data != report.data]
        reports = [*others, kept]
        text = json.dumps({"reports": [each.to_dict() for each in reports]}, ensure_ascii=False, indent=1)
        write_whole(Path(run.folder) / FILE, text.encode())
        write_whole(Path(run.folder) / MARKDOWN, reports_markdown(reports, run.name).encode())
    return kept


def encoding_of(run: Run) -> dict[str, float]:
    """How far the two encodings of the run's encoder-decoder predictor were apart; empty for any other predictor."""
    return _noted(run, ENCODING_FIGURES)


def answer_losses_of(run: Run) -> dict[str, float]:
    """The answer's NLL when mask learning had ended, with rationales masked, whole and without; empty where unknown."""
    return _noted(run, ANSWER_LOSSES)


def _noted(run: Run, names: tuple[str, ...]) -> dict[str, float]:
    """Figures of mask learning in the run's summary, all of them or none: a run may come from anywhere."""
    notes = run.state.summary.get("weight_notes")
    notes = notes if isinstance(notes, dict) else {}
    known = all(isinstance(notes.get(name), float) for name in names)
    return {name: notes[name] for name in names} if known else {}


def weights_fingerprint(run: Run) -> str:
    """What tells the run's weights from those of other inputs."""
    record = run.state.stages.get("weights")
    return record.fingerprint if record else ""


def is_stale(run: Run, report: Report) -> bool:
    """Whether the run's weights were learned anew since."""
    return report.fingerprint != weights_fingerprint(run)
