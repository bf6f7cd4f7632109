"""A run into an archive: its files in a fixed order, without times and owners, so that the same run gives the same."""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from kpod.errors import InputError
from kpod.run_archive.contents import KINDS, archive_name, run_files
from kpod.run_store import Run

_PACKED = (".parquet", ".safetensors")  # compressed already, or random to the eye

Add = Callable[[str, IO[bytes], int], None]


def export_run(run: Run, stream: IO[bytes], *, kind: str = "zip", checkpoints: bool = False) -> list[str]:
    """Write a run to `stream` as a zip or a tar.gz, and return the names of the files in it.

    With `checkpoints`, what was trained goes along. Locks, a wish to cancel, temporary files, links and whatever is no
    part of a run stay behind. A run at work is packed as it stands. Raises InputError where it is gone.
    """
    if kind not in KINDS:
        raise InputError(f"{kind!r} is no kind of archive; there is {' and '.join(KINDS)}.")
    names = run_files(run.folder, checkpoints=checkpoints)
    if "run.json" not in names or "config.yaml" not in names:
        raise InputError(f"The run in {run.folder} is gone or damaged: it has no run.json or no config.yaml.")
    packed = []
    with (_zip if kind == "zip" else _tar)(stream) as add:
        for name in names:
            try:
                file = open(run.folder / name, "rb")  # noqa: SIM115
            except FileNotFoundError:  # a run at work replaces its checkpoints
                continue
            with file:
                add(f"{archive_name(run)}/{name}", file, os.fstat(file.fileno()).st_size)
            packed.append(name)
    return packed


@contextmanager
def _zip(stream: IO[bytes]) -> Iterator[Add]:
    with zipfile.ZipFile(stream, "w") as archive:

        def add(name: str, file: IO[bytes], size: int) -> None:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
            entry.file_size = size
            with archive.open(entry, "w") as member:
                shutil.copyfileobj(file, member)

        yield add


@contextmanager
def _tar(stream: IO[bytes]) -> Iterator[Add]:
    with (
        gzip.GzipFile(filename="", fileobj=stream, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):

        def add(name: str, file: IO[bytes], size: int) -> None:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = size, 0o644  # what a run at work appends meanwhile is left out
            archive.addfile(entry, file)

        yield add
