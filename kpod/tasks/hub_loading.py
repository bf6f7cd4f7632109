"""The rows of a folder laid out as a data set of the hub, through `datasets`: imported only when rows are read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import datasets
import pyarrow
from datasets.exceptions import DatasetsError

from kpod.errors import InputError
from kpod.tasks.files import Row
from kpod.tasks.hub_fetch import configurations


def load_splits(folder: Path, config: str | None, wanted: Sequence[str] | None, source: str) -> dict[str, list[Row]]:
    """The rows by split; `wanted`: these splits, None: all.

    Numbers of rows that the README states are checked. Raises InputError for a configuration or a split that there is
    not, and for files that cannot be read.
    """
    declared = configurations(folder)
    _check_config(config, list(declared), source)
    # A revision "refs/convert/parquet" has a folder a configuration and no README.
    inside = config if config is not None and not declared and (folder / config).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="kpod-datasets-") as scratch, _quiet():
        try:
            found = datasets.load_dataset(
                str(folder), name=config if declared else None, data_dir=inside, cache_dir=scratch
            )
        except (DatasetsError, ValueError, OSError, RuntimeError, pyarrow.ArrowException) as error:
            raise InputError(f"{source} cannot be loaded: {_advice(error)}") from error
        missing = [split for split in wanted or () if split not in found]
        if missing:
            raise InputError(
                f"{source} has no split {', '.join(map(repr, missing))}; there is {', '.join(map(repr, found))}."
            )
        return {split: list(found[split]) for split in wanted or found}


def _check_config(config: str | None, declared: list[str], source: str) -> None:
    if not declared:
        return
    known = ", ".join(declared)
    if config is None and len(declared) > 1 and "default" not in declared:
        raise InputError(f"{source} has several configurations: {known}. Name one, as {source}:{declared[0]}.")
    if config is not None and config not in declared:
        raise InputError(f"{source}: there is no configuration {config!r}; there is {known}.")


def _advice(error: Exception) -> str:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "scripts are no longer supported" in reason:
        return (
            "it is a script, which no version of `datasets` from 4 on runs. Many such sets have the hub's conversion: "
            "try the same name with @refs/convert/parquet."
        )
    return f"{reason} Fetch it again, or give its files with another source."


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's progress bars and advice."""
    bars, verbosity = datasets.utils.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    try:
        yield
    finally:
        datasets.logging.set_verbosity(verbosity)
        if not bars:
            datasets.enable_progress_bars()
