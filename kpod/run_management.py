"""Runs kept in order: renamed, annotated, deleted, and found again among many. No torch."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from kpod.artefacts import disk_errors, write_whole
from kpod.errors import InputError
from kpod.run_lock import hold, is_alive
from kpod.run_store import Run, delete_leftovers, now, runs_folder

NOTES = "notes.json"  # apart from run.json, which the process that works on the run writes anew all the time
MAX_NAME = 120
MAX_NOTE = 20_000
_NOTES_LOCK = threading.Lock()


def rename_run(run: Run, name: str, root: Path | None = None) -> None:
    """Give a run another name, in its state and in its configuration; its folder and its id stay.

    Raises InputError for a name that is empty or too long, for a run at work, and for one outside the runs folder.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= MAX_NAME:
        raise InputError(f"A run's name has 1 to {MAX_NAME} characters; got {len(name)}.")
    _check_kept(run, root)
    if is_alive(run.folder):
        raise InputError(
            f"{run.name!r} is at work, and its process writes its name. Rename it when it has ended; a note can be "
            "added at any time."
        )
    with run.locked(named=False):
        run.config = run.config.model_copy(update={"name": name})
        run.write_config()
        run.update(name=name)


def read_note(folder: Path) -> str:
    """What somebody wrote about a run; empty where nobody has, or the file is damaged."""
    note = read_notes(folder).get("note")
    return note[:MAX_NOTE].encode(errors="replace").decode() if isinstance(note, str) else ""


def write_note(run: Run, text: str, root: Path | None = None) -> None:
    """Keep a note about a run, at work or not; an empty one deletes it. Raises InputError for one that is too long."""
    text = text.strip()
    if len(text) > MAX_NOTE:
        raise InputError(f"A note has at most {MAX_NOTE:,} characters; got {len(text):,}.")
    change_notes(run, root, note=text or None)


def read_notes(folder: Path) -> dict[str, Any]:
    """All that people have added to a run, as it stands in its NOTES; empty where there is none, or it is damaged."""
    try:
        notes = json.loads((folder / NOTES).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return notes if isinstance(notes, dict) else {}


def change_notes(run: Run, root: Path | None = None, **changes: Any) -> None:
    """Put entries into a run's NOTES; None takes one out, and all else stays. Written whole, deleted when empty.

    Raises InputError for a run outside the runs folder and for one that is gone.
    """
    _check_kept(run, root)
    path = run.folder / NOTES
    with _NOTES_LOCK:  # two sessions of one server may change different entries at once
        notes = {name: value for name, value in (read_notes(run.folder) | changes).items() if value is not None}
        notes.pop("changed_at", None)
        if notes:
            write_whole(path, json.dumps(notes | {"changed_at": now()}, indent=1).encode())
        else:
            with disk_errors(NOTES, run.folder):
                path.unlink(missing_ok=True)


def delete_run(run: Run, root: Path | None = None) -> None:
    """Delete a run with all that it holds. It is gone from every list at once, whatever becomes of its files.

    Raises InputError for a run at work and for one outside the runs folder, such as the shipped example.
    """
    root = Path(root) if root is not None else runs_folder()
    _check_kept(run, root)
    if is_alive(run.folder):
        raise InputError(f"{run.name!r} is at work or waits for its device. Cancel it first, then delete it.")
    grave = root / f".deleted-{secrets.token_hex(6)}"
    with hold(run.folder, named=False), disk_errors("the deletion", root):
        os.rename(run.folder, grave)
    shutil.rmtree(grave, ignore_errors=True)
    delete_leftovers(root)


def is_kept(run: Run, root: Path | None = None) -> bool:
    """Whether the run lies in the runs folder itself, where it may be changed; the shipped example does not."""
    root = Path(root) if root is not None else runs_folder()
    return run.folder.parent.resolve() == root.resolve() and not run.folder.is_symlink()


def _check_kept(run: Run, root: Path | None) -> None:
    if not is_kept(run, root):
        raise InputError(
            f"{run.name!r} lies outside the runs folder and is not changed from here: a shipped example, or a link "
            "to a folder elsewhere. Export it and load it to have a copy of your own."
        )
    if not run.folder.is_dir():
        raise InputError(f"{run.name!r} is gone: its folder {run.folder} has been deleted or renamed meanwhile.")


# ---- finding runs again


def _accuracy(run: Run) -> float:
    return (run.state.summary.get("accuracy") or {}).get("accuracy", -1.0)


ORDERS: dict[str, tuple[Callable[[Run], object], bool]] = {
    # the key, and whether the largest comes first
    "newest": (lambda run: run.state.created_at, True),
    "oldest": (lambda run: run.state.created_at, False),
    "accuracy": (_accuracy, True),
    "name": (lambda run: run.name.casefold(), False),
    "status": (lambda run: run.status, False),
    "method": (lambda run: run.config.method, False),
    "student": (lambda run: run.config.student.name.casefold(), False),
}


def find_runs(
    runs: Iterable[tuple[str, Run]],
    *,
    words: str = "",
    statuses: Sequence[str] = (),
    methods: Sequence[str] = (),
    students: Sequence[str] = (),
    order: str = "newest",
) -> list[tuple[str, Run]]:
    """The (key, run) pairs that have all of `words` in name, note, method, student or data, and one of each choice.

    An empty choice allows everything. Runs that are alike in `order` stay as they came.
    """
    sought = words.casefold().split()

    def fits(run: Run) -> bool:
        config = run.config
        if any(
            chosen and value not in chosen
            for chosen, value in ((statuses, run.status), (methods, config.method), (students, config.student.name))
        ):
            return False
        text = " ".join((run.name, config.method, config.student.name, config.data.source, run.status))
        return not sought or all(word in f"{text} {read_note(run.folder)}".casefold() for word in sought)

    key, descending = ORDERS[order]
    return sorted((pair for pair in runs if fits(pair[1])), key=lambda pair: key(pair[1]), reverse=descending)
