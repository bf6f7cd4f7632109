"""The validations that a run keeps: one file, written whole, a report for each set of rationales."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

from kpod.artefacts import write_whole
from kpod.errors import InputError
from kpod.run_store import Run, now
from kpod.weight_validation.report import Report

FILE = "weight_validation.json"
_FIELDS = {field.name for field in fields(Report)}


def read_reports(run: Run) -> list[Report]:
    """The validations of a run, none where none was made. Raises InputError where the file is damaged."""
    path = run.folder / FILE
    if not path.is_file():
        return []
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["reports"]
        return [Report(**{name: value for name, value in row.items() if name in _FIELDS}) for row in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is damaged ({error}). Delete it and validate again: python -m kpod validate-weights {run.folder}"
        ) from error


def save_report(run: Run, report: Report) -> Report:
    """Keep a report in the run, in place of an earlier one on the same rationales; the report as it is kept.

    Raises InputError where another process works on the run.
    """
    kept = replace(report, made_at=now(), fingerprint=weights_fingerprint(run))
    with run.locked():
        others = [each for each in read_reports(run) if each.data != report.data]
        text = json.dumps({"reports": [each.to_dict() for each in [*others, kept]]}, ensure_ascii=False, indent=1)
        write_whole(Path(run.folder) / FILE, text.encode())
    return kept


def weights_fingerprint(run: Run) -> str:
    """What tells the run's weights from those of other inputs."""
    record = run.state.stages.get("weights")
    return record.fingerprint if record else ""


def is_stale(run: Run, report: Report) -> bool:
    """Whether the run's weights were learned anew since."""
    return report.fingerprint != weights_fingerprint(run)
