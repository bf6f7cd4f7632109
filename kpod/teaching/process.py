"""A generation as a process of its own: started from an options file, watched and stopped by files beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from filelock import FileLock, Timeout

from kpod.artefacts import disk_errors, write_whole
from kpod.errors import InputError
from kpod.teaching.files import TeachFiles
from kpod.teaching.options import TeachOptions, options_yaml
from kpod.teaching.progress import TeachState

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def options_file(out: Path) -> Path:
    """Where the options of a generation are kept, beside what it writes."""
    return out.with_name(f"{out.name}.options.yaml")


def start(options: TeachOptions) -> None:
    """Start or go on with a generation, detached; returns at once. Raises InputError where it is at work already.

    The process has this one's environment, the key in it; the options file holds none.
    """
    out = Path(options.out)
    if is_at_work(out):
        raise InputError(f"A generation is writing {out.name} already. Wait for it, or stop it first.")
    with disk_errors(out.name, out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        terminal = out.with_name(f"{out.name}.log").open("a", encoding="utf-8")
    write_whole(options_file(out), options_yaml(options).encode())
    TeachFiles(out).cancel.unlink(missing_ok=True)
    path = os.pathsep.join(part for part in (str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")) if part)
    with terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "kpod", "teach", "--config", str(options_file(out))],
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
        )
    # Reaped when it ends: a zombie would look alive.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper of {out.name}").start()


def stop(out: Path) -> None:
    """Ask a generation to stop: after the answers that are under way. What it has is kept."""
    write_whole(TeachFiles(out).cancel, b"")


def is_at_work(out: Path) -> bool:
    """Whether a living process holds the generation."""
    lock = TeachFiles(out).lock
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def read_state(out: Path) -> TeachState | None:
    """How far a generation is; None where nothing has been written yet."""
    try:
        return TeachState(**json.loads(TeachFiles(out).progress.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def log_tail(out: Path, lines: int = 12) -> str:
    """The last lines that the process printed."""
    try:
        text = out.with_name(f"{out.name}.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
