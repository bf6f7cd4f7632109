"""What the commands of the command line share: arguments, and finding a run by what a user calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kpod.errors import InputError
from kpod.run_store import Run, list_runs, load_run, runs_folder

Settings = Annotated[list[str] | None, typer.Option("--set", metavar="A.B=VALUE", help="Change a setting; repeatable.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run folder, or a run's name or id.")]


def accuracy_text(figures: dict | None) -> str:
    """Right answers with their share and its interval, as commands print them; nothing where nothing was measured."""
    if not figures:
        return ""
    return (
        f"{figures['correct']} of {figures['questions']} ({figures['accuracy']:.1%}, "
        f"{figures['low']:.1%} to {figures['high']:.1%})"
    )


def find_run(name: str) -> Run:
    """A run by folder, or by name or id within the runs folder."""
    if Path(name).is_dir():
        return load_run(name)
    found = [each for each in list_runs() if name in (each.id, each.name, each.folder.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        known = ", ".join(each.folder.name for each in list_runs()) or "none"
        raise InputError(f"No run {name!r} in {runs_folder()}; there: {known}. Give a run folder, a name or an id.")
    raise InputError(
        f"{len(found)} runs are called {name!r}; give one of their folders: "
        + ", ".join(str(each.folder) for each in found)
    )
