"""Which pipeline stages are up to date: fingerprints of what each depends on. No torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kpod.run_store import Run

SAMPLED_BYTES = 1 << 20


@dataclass(frozen=True)
class StageInputs:
    """What a stage depends on: values (settings, hashes of files) and the stages before it.

    outputs: (table, column) pairs and, with no column, whole tables; files: other files and folders of the run. All
    must be there for the stage to be skipped. figures: what it adds to the run's summary.
    Raise `version` when the stage's own computation changes.
    """

    name: str
    values: Any
    after: tuple[str, ...] = ()
    outputs: tuple[tuple[str, str | None], ...] = ()
    version: int = 1
    files: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


def fingerprints(stages: Sequence[StageInputs]) -> dict[str, str]:
    """A hash a stage, of its values and of the hashes of the stages before it; stages stand in running order."""
    known: dict[str, str] = {}
    for stage in stages:
        before = [known[name] for name in stage.after if name in known]
        content = json.dumps([stage.name, stage.version, stage.values, before], sort_keys=True)
        known[stage.name] = hashlib.sha256(content.encode()).hexdigest()
    return known


def is_current(run: Run, stage: StageInputs, fingerprint: str) -> bool:
    """Whether the run holds a finished artefact of the same inputs."""
    record = run.state.stages.get(stage.name)
    if record is None or record.fingerprint != fingerprint:
        return False
    has_tables = all(run.has(table, column) for table, column in stage.outputs)
    return has_tables and all((run.folder / name).exists() for name in stage.files)


def checkpoint_hash(folder: Path) -> str:
    """A hash of a checkpoint folder: names, sizes, and the first and last MiB of each file of weights or settings.

    Reading all of a 7B checkpoint would take minutes; retrained weights differ in every MiB.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".safetensors", ".bin", ".json"):
            continue
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with open(path, "rb") as file:
            digest.update(file.read(SAMPLED_BYTES))
            file.seek(max(0, size - SAMPLED_BYTES))
            digest.update(file.read(SAMPLED_BYTES))
    return digest.hexdigest()
