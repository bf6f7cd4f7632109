"""The commands `export` and `import`: a run as one file, and a run from a file or a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from kpod.artefacts import disk_errors
from kpod.cli_arguments import RunArgument, find_run
from kpod.errors import InputError
from kpod.run_archive import KINDS, archive_name, export_run, import_run
from kpod.run_store import list_runs, runs_folder

_ENDINGS = {".zip": "zip", ".tar.gz": "tar.gz", ".tgz": "tar.gz"}


def export(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A new .zip or .tar.gz; none: a zip here, named after the run.")
    ] = None,
    without_checkpoints: Annotated[
        bool, typer.Option("--without-checkpoints", help="Leave out what was trained: a small file to look at.")
    ] = False,
) -> None:
    """Pack a run into one file that `import`, or the app, loads anywhere."""
    opened = find_run(run)
    file = out if out is not None else Path(f"{archive_name(opened)}.zip")
    kind = next((kind for ending, kind in _ENDINGS.items() if file.name.lower().endswith(ending)), None)
    if kind is None:
        raise InputError(f"--out is {file}; an archive's name ends in {', '.join(_ENDINGS)} ({' or '.join(KINDS)}).")
    if file.exists() or file.is_symlink():
        raise InputError(f"{file} exists already, and is not written over. Delete it, or give another name with --out.")
    if not file.parent.is_dir():
        raise InputError(f"There is no folder {file.parent} for {file.name}. Make it, or give another --out.")
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    with disk_errors(file.name, file.parent):
        try:
            with open(temporary, "xb") as stream:
                names = export_run(opened, stream, kind=kind, checkpoints=not without_checkpoints)
            os.replace(temporary, file)
        finally:
            temporary.unlink(missing_ok=True)
    typer.echo(f"{len(names)} files of the run {opened.name!r} in {file} ({file.stat().st_size / 1e6:,.1f} MB)")


def import_(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A zip or tar.gz of a run, or a run's folder.")],
) -> None:
    """Load a run from an archive, or copy one from another folder, into the runs folder: whole or not at all."""
    root = runs_folder()
    imported = import_run(source, root, taken_ids={run.id for run in list_runs(root)})
    for remark in imported.remarks:
        typer.echo(remark, err=True)
    typer.echo(f"Run {imported.run.name!r} in {imported.run.folder}")
