"""What `run.json` holds: the state of a run, checked as it is read. No torch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kpod.errors import InputError

FORMAT_VERSION = 1
MAX_STATE_BYTES = 10_000_000


@dataclass(frozen=True)
class StageRecord:
    """A finished pipeline stage: what it depended on, what it cost, and what it warned of."""

    fingerprint: str
    seconds: float
    peak_memory_bytes: int
    finished_at: str
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class RunState:
    """What `run.json` holds. `status`: created, running, finished, cancelled or failed.

    `warnings` are those of the stages that are done and of the one at work. `input_hashes` has the hash of the student
    and of each source, and by which name the configuration gave that source.
    """

    id: str
    name: str
    status: str = "created"
    created_at: str = ""
    stages: dict[str, StageRecord] = field(default_factory=dict)
    progress: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    error: str | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    input_hashes: dict[str, str] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


def now() -> str:
    """The time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class _Open(BaseModel):
    """Known keys are of their type; others may be there, of whoever wrote them."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)


class _Measured(_Open):
    correct: int
    questions: int
    accuracy: float
    low: float
    high: float
    no_answer: int


class _Summary(_Open):
    questions: int = 0
    evaluation_questions: int = 0
    steps: int = 0
    tokens: int = 0
    keep_rate: float = 0.0
    total_difficulty: float = 0.0
    embedding: str = ""
    task: str = ""
    accuracy: _Measured | None = None
    base_accuracy: _Measured | None = None
    accuracy_by_set: dict[str, _Measured] = {}
    base_accuracy_by_set: dict[str, _Measured] = {}
    evaluation_tasks: dict[str, str] = {}


class _Progress(_Open):
    stage: str
    done: float
    total: float
    unit: str = ""
    seconds_left: float | None = None
    rate: float | None = None


class _Record(_Open):
    seconds: float
    peak_memory_bytes: int


class _Strict(_Open):
    """What pages put into markup or look up, and the figures that they calculate with."""

    id: str = Field(min_length=1, max_length=200)
    name: str
    status: str = Field("created", pattern=r"^[a-z]{1,20}$")
    summary: _Summary = _Summary()
    progress: _Progress | None = None
    stages: dict[str, _Record] = {}


_STATE: TypeAdapter[RunState] = TypeAdapter(RunState)


def read_state(folder: Path) -> RunState:
    """What a folder's `run.json` holds. Raises InputError where it has none, or one that is damaged or newer."""
    path = folder / "run.json"
    if not path.is_file():
        raise InputError(
            f"{folder} is no run: it has no run.json. A run folder holds run.json, config.yaml and tables."
        )
    try:
        if path.stat().st_size > MAX_STATE_BYTES:
            raise ValueError(f"it is larger than {MAX_STATE_BYTES / 1e6:.0f} MB")
        values = json.loads(path.read_text(encoding="utf-8"))
        newest = values["format_version"]
        if newest > FORMAT_VERSION:
            raise InputError(
                f"{folder} was written by a newer KPOD Studio (format {newest}; this one reads up to "
                f"{FORMAT_VERSION}). Update it."
            )
        json.dumps(values, ensure_ascii=False).encode()  # half a character could be neither shown nor written again
        _Strict.model_validate(values)
        return _STATE.validate_python(values)
    except InputError:
        raise
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise _damaged(path, f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, str(error) or type(error).__name__) from error


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"{path} is damaged ({why[:300]}). Restore it from a copy, or delete the folder.")
