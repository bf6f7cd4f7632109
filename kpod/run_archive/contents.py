"""What an archive of a run may hold: the files of a run by their names, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from kpod.run_store import TABLES, Run

KINDS = ("zip", "tar.gz")
_TOLD = ("run.json", "config.yaml", "notes.json", "weight_validation.json", "metrics.jsonl", "log.txt")
_TABLES = (*(f"{table}.parquet" for table in TABLES), "further_rationales.parquet")
_TRAINED = ("weight_generator.safetensors",)
_FOLDERS = {"adapter": 2, "student": 2, "checkpoints": 4}  # with the number of parts that a path in it has at most
_ENDINGS = (".safetensors", ".json")  # tensors and plain values; nothing that could run when it is read
# Beside a run's own files these may lie in a folder that somebody packed by hand; they are passed over.
_BY_PRODUCTS = (
    "weight_validation.md", "lock", "cancel", "process.json", "terminal.txt", "adapter/README.md", ".DS_Store",
    "Thumbs.db",
)  # fmt: skip
_PASSED_OVER = ("tensorboard", "__MACOSX")  # folders; the first has what metrics.jsonl has, not ours to read
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]{0,99}")  # no leading dot, no drive, no stream, no wildcard


def is_run_file(name: str) -> bool:
    """Whether a run can have a file of this name, a path with slashes relative to its folder."""
    if name in _TOLD + _TABLES + _TRAINED:
        return True
    parts = name.split("/")
    if not 2 <= len(parts) <= _FOLDERS.get(parts[0], 0) or not name.endswith(_ENDINGS):
        return False
    return all(_PART.fullmatch(part) and not part.endswith((".", " ")) for part in parts)


def is_by_product(name: str) -> bool:
    """Whether a file is one that a folder gathers beside the run's own, and that no run misses."""
    parts = name.split("/")
    return name in _BY_PRODUCTS or parts[-1].startswith("._") or parts[-1].endswith(".tmp") or parts[0] in _PASSED_OVER


def is_run_folder(name: str) -> bool:
    """Whether a run can have a folder of this name, or one of by-products."""
    return name == "" or name.split("/")[0] in _PASSED_OVER or is_run_file(f"{name}/x.json")


def run_files(folder: Path, *, checkpoints: bool) -> list[str]:
    """The files of a run that an archive of it holds, in their order; links and what is no part of a run are left out.

    `checkpoints`: also what was trained: adapter or whole student, weight generator and checkpoints.
    """
    names = [*_TOLD, *_TABLES, *(_TRAINED if checkpoints else ())]
    for top in _FOLDERS if checkpoints else ():
        inside = (path.relative_to(folder).as_posix() for path in (folder / top).rglob("*"))
        names += sorted(name for name in inside if is_run_file(name))
    return [name for name in names if (folder / name).is_file() and not _passes_link(folder, name)]


def _passes_link(folder: Path, name: str) -> bool:
    path = PurePosixPath(name)
    return any((folder / part).is_symlink() for part in (path, *path.parents[:-1]))


def archive_name(run: Run) -> str:
    """A file name for the run's archive, without its ending: the run's name, made safe for every system."""
    slug = re.sub(r"[^a-z0-9]+", "-", run.name.lower()).strip("-")[:60]
    return f"{slug}-run" if slug in (*_FOLDERS, *_PASSED_OVER) else slug or "run"
