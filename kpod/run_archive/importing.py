"""A run from elsewhere into the runs folder: laid beside the runs, read as one, and only then given its name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from kpod.artefacts import disk_errors
from kpod.errors import InputError
from kpod.run_archive.contents import run_files
from kpod.run_archive.unpacking import members, refuse
from kpod.run_lock import is_alive
from kpod.run_store import TABLES, Run, check_tables, delete_leftovers, list_runs, load_run, new_folder, new_run_id

MAX_BYTES = 16_000_000_000  # a large student's checkpoints
MAX_RATIO = 200  # unpacked bytes a packed one; a run's own files stay far below
FREE_BYTES = 16_000_000  # so much may come of any archive, whatever its ratio
MAX_ROWS = 50_000_000  # of a table
MAX_PATH_TRIES = 5


@dataclass(frozen=True)
class Imported:
    """The run as it now lies in the runs folder, and what was changed to make room for it."""

    run: Run
    remarks: tuple[str, ...] = ()


def import_archive(
    file: Path | IO[bytes], runs_folder: Path, *, taken_ids: Collection[str] = (), max_bytes: int = MAX_BYTES
) -> Imported:
    """Unpack a zip or tar.gz of a run into `runs_folder`, whole or not at all.

    A run whose id is in `runs_folder` or in `taken_ids` gets a new one; the remarks say so. Raises InputError where the
    archive holds anything but one run, more than `max_bytes`, or a run that cannot be read.
    """
    if isinstance(file, Path):
        try:
            stream = open(file, "rb")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"Could not open {file}: {error.strerror}. Give the path of a zip or tar.gz.") from error
        with stream:
            return import_archive(stream, runs_folder, taken_ids=taken_ids, max_bytes=max_bytes)
    return _bring_in(lambda folder: _unpack(file, folder, max_bytes), runs_folder, taken_ids, "this archive")


def import_folder(folder: Path, runs_folder: Path, *, taken_ids: Collection[str] = ()) -> Imported:
    """Copy a run folder from elsewhere into `runs_folder`, whole or not at all; it stays as it is where it lies.

    Only the files of a run are read, and no link is followed. Ids are told apart as by `import_archive`. Raises
    InputError where the folder is no run, is damaged, from a newer version, or at work.
    """
    load_run(folder)
    if is_alive(folder):
        raise InputError(f"The run in {folder} is at work or waits for its device. Load it when it has ended.")

    def copy(temporary: Path) -> None:
        for name in run_files(folder, checkpoints=True):
            target = temporary / name
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb") as source, open(target, "xb") as written:
                shutil.copyfileobj(source, written)

    return _bring_in(copy, runs_folder, taken_ids, str(folder))


def import_run(path: Path, runs_folder: Path, *, taken_ids: Collection[str] = ()) -> Imported:
    """A run from a path: a run folder, or an archive of one. A folder that is among the runs already is only opened.

    Raises InputError as `import_archive` and `import_folder` do, and where nothing is at `path`.
    """
    try:
        path = path.expanduser()
        if path.is_file():
            return import_archive(path, runs_folder, taken_ids=taken_ids)
        if not path.is_dir():
            raise InputError(f"There is nothing to load at {str(path)[:300]!r}. Give a run folder, a zip or a tar.gz.")
    except (RuntimeError, OSError) as error:  # an unknown ~user, a name that is too long
        raise InputError(f"{str(path)[:300]!r} is no path ({error}). Give a run folder, a zip or a tar.gz.") from error
    real = path.resolve()
    if real.parent == runs_folder.resolve() and not real.name.startswith("."):
        return Imported(load_run(runs_folder / real.name), ("It lies in the runs folder already.",))
    if not (path / "run.json").is_file():
        inside = sorted(found.parent.name for found in path.glob("*/run.json"))
        hint = f" It holds runs: give one of {', '.join(map(ascii, inside[:5]))} in it." if inside else ""
        raise InputError(f"{path} is no run: it has no run.json.{hint}")
    return import_folder(path, runs_folder, taken_ids=taken_ids)


def _bring_in(fill: Callable[[Path], None], runs_folder: Path, taken_ids: Collection[str], whence: str) -> Imported:
    """Fill a hidden folder beside the runs, read it as a run, and give it its name; of a failure nothing stays."""
    with disk_errors("the loaded run", runs_folder):
        runs_folder.mkdir(parents=True, exist_ok=True)
        delete_leftovers(runs_folder)
        temporary = Path(tempfile.mkdtemp(prefix=".import-", dir=runs_folder))
        try:
            fill(temporary)
            taken = {run.id for run in list_runs(runs_folder)} | set(taken_ids)
            remarks = _make_own(temporary, taken, whence)
            final = _settle(temporary, runs_folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Imported(load_run(final), remarks)


def _unpack(file: IO[bytes], folder: Path, max_bytes: int) -> None:
    file.seek(0, os.SEEK_END)
    allowed = min(max_bytes, FREE_BYTES + MAX_RATIO * file.tell())
    file.seek(0)
    total = 0
    for name, content in members(file):
        target = folder / name if name else Path(os.devnull)
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb" if name else "wb") as written:
            for piece in content:
                total += len(piece)
                if total > allowed:
                    refuse(f"it unpacks to more than {allowed / 1e6:,.0f} MB")
                written.write(piece)


def _make_own(folder: Path, taken: set[str], whence: str) -> tuple[str, ...]:
    """Read the run as every page will, and give it an id of its own where its own is taken."""
    try:
        run = load_run(folder)
        check_tables(run)
        for table in TABLES:
            if run.has(table):
                _check_size(run.path(table))
    except InputError as error:
        raise InputError(str(error).replace(f"{folder}{os.sep}", f"In {whence} ").replace(str(folder), "It")) from error
    if run.id not in taken:
        return ()
    new_id = new_run_id()
    remark = f"A run with the id {run.id} is here already; the loaded one is a run of its own, with the id {new_id}."
    run.update(id=new_id)
    return (remark,)


def _check_size(path: Path) -> None:
    """Refuse a table of a few bytes that stands for thousands of millions of rows."""
    try:
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        num_bytes = sum(group.total_byte_size for group in groups)
    except (pa.ArrowInvalid, OSError) as error:
        refuse(f"{path.name} is damaged ({error})")
    if metadata.num_rows > MAX_ROWS or num_bytes > MAX_BYTES:
        refuse(f"{path.name} has {metadata.num_rows:,} rows, of at most {MAX_ROWS:,}")


def _settle(temporary: Path, runs_folder: Path) -> Path:
    """Give the folder its name among the runs; another import may take that name meanwhile."""
    config = load_run(temporary).config
    os.chmod(temporary, 0o755)  # mkdtemp makes it for its owner alone
    for _ in range(MAX_PATH_TRIES):
        final = new_folder(config, runs_folder)
        try:
            os.rename(temporary, final)
            return final
        except FileExistsError:
            continue
        except OSError as error:
            if not final.exists():
                raise error
    raise InputError(f"Could not give the run a name in {runs_folder}; try again.")
