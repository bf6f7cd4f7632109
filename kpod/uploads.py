"""Uploaded files of questions: kept in the runs folder under names that the sender has no say in. No torch."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from kpod.artefacts import disk_errors, write_whole
from kpod.errors import InputError
from kpod.run_store import runs_folder

SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
LARGEST_BYTES = 50 << 20  # server.maxUploadSize of .streamlit/config.toml


def save_upload(name: str, content: bytes, runs: Path | None = None) -> Path:
    """Keep an uploaded file of questions; its absolute path. The same content of the same name is kept once.

    Of `name` only the ending and plain letters and digits are used. Raises InputError for another ending, an empty
    file, or one over 50 MiB.
    """
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"A file of questions ends in {', '.join(SUFFIXES)}; got {suffix or 'no ending'!r}.")
    if not content:
        raise InputError("The file is empty. Send one that holds a question a line.")
    if len(content) > LARGEST_BYTES:
        raise InputError(
            f"The file has {len(content) / 2**20:.1f} MiB, of at most {LARGEST_BYTES >> 20}. Put it on this machine "
            "and give its path instead."
        )
    stem = Path(name.replace("\\", "/")).stem.lower()
    slug = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40].strip("-") or "questions"
    folder = uploads_folder(runs)
    with disk_errors("the folder of uploads", folder.parent):
        folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{slug}-{hashlib.sha256(content).hexdigest()[:12]}{suffix}"
    if not path.is_file():
        write_whole(path, content)
    return path


def uploads_folder(runs: Path | None = None) -> Path:
    """Where uploads are kept: `uploads` in the runs folder."""
    return (runs if runs is not None else runs_folder()).resolve() / "uploads"
