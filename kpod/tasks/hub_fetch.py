"""The files of a data set on the hub: from the hub client's cache, else fetched into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from kpod.errors import InputError

ANSWER_TIMEOUT_SECONDS = 5.0
"""For the hub's first answer."""

DATA_FILES = (".parquet", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".arrow", ".txt", ".gz", ".zip", ".zst")


class HubUnavailable(InputError):
    """The hub gave no data set: no network, offline mode, or no such set for us."""


def find_snapshot(name: str, config: str | None, revision: str | None) -> Path:
    """The folder of a revision's files, called by its commit: only what the configuration needs is fetched.

    What is in the client's cache already is used without a network attempt. Raises HubUnavailable, with what to do.
    """
    folder = cached_snapshot(name, config, revision)
    if folder is None:
        with _quiet():
            folder = _download(name, config, revision)
    return folder


def cached_snapshot(name: str, config: str | None, revision: str | None) -> Path | None:
    """The folder where all that the configuration needs is in the client's cache, else None. Asks no network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    def cached(patterns: list[str]) -> Path:
        path = snapshot_download(
            name, repo_type="dataset", revision=revision, local_files_only=True, allow_patterns=patterns
        )
        return Path(path)

    with _quiet():
        try:
            return cached(wanted_files(cached(["README.md"]), config))
        except LocalEntryNotFoundError:
            return None


def _download(name: str, config: str | None, revision: str | None) -> Path:
    import httpx2
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def fetch(patterns: list[str]) -> Path:
        return Path(snapshot_download(name, repo_type="dataset", revision=revision, allow_patterns=patterns))

    local = (
        "Connect, fetch it once (`hf download --repo-type dataset "
        f"{name}`) on a machine with a network, or give a local copy: hub:./FOLDER."
    )
    if constants.is_offline_mode():
        raise HubUnavailable(f"{name} is not in the hub's cache, and HF_HUB_OFFLINE is set. {local}")
    try:
        HfApi().dataset_info(name, revision=revision, timeout=ANSWER_TIMEOUT_SECONDS)
        folder = fetch(["README.md", "dataset_infos.json"])
        return fetch(wanted_files(folder, config))
    except GatedRepoError as error:
        raise HubUnavailable(
            f"The hub keeps {name} behind its terms of use: accept them on its page and log in (`hf auth login`)."
        ) from error
    except RevisionNotFoundError as error:
        raise HubUnavailable(f"{name} has no revision {revision!r} on the hub. Name a branch, tag or hash.") from error
    except RepositoryNotFoundError as error:
        raise HubUnavailable(
            f"The hub has no data set {name}, or hides it from us. Write its name as its page does, with the owner."
        ) from error
    except (httpx2.HTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HubUnavailable(f"The hub could not be reached for {name} ({reason}). {local}") from error


def wanted_files(folder: Path, config: str | None) -> list[str]:
    """Patterns of the files that a configuration needs, by the README of a data set; all data where it says nothing."""
    always = ["README.md", "dataset_infos.json"]
    configs = configurations(folder)
    chosen = configs.get(config) if config is not None else next(iter(configs.values()), None)
    if chosen is None or (config is None and len(configs) > 1):
        return [*always, *(f"*{ending}" for ending in DATA_FILES)]
    return [*always, *chosen]


def configurations(folder: Path) -> dict[str, list[str]]:
    """The configurations that a data set's README declares, with the patterns of their files; none without any."""
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    if not text.startswith("---"):
        return {}
    try:
        matter = yaml.safe_load(text.split("\n---", 1)[0].removeprefix("---"))
    except yaml.YAMLError as error:
        raise InputError(f"The README of the data set in {folder} begins with broken YAML: {error}.") from error
    declared = matter.get("configs") if isinstance(matter, dict) else None
    entries = [entry for entry in declared or [] if isinstance(entry, dict) and entry.get("data_files")]
    return {str(entry.get("config_name", "default")): list(_patterns(entry["data_files"])) for entry in entries}


def _patterns(files: Any) -> Iterator[str]:
    """Paths of `data_files`: one, a list, or one or a list a split."""
    if isinstance(files, str):
        yield files
    elif isinstance(files, dict):
        yield from _patterns(files.get("path") or [])
    elif isinstance(files, list):
        for each in files:
            yield from _patterns(each)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the client's progress bars, which would tear our own display."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    before = are_progress_bars_disabled()
    if not before:
        disable_progress_bars()
    try:
        yield
    finally:
        if not before:
            enable_progress_bars()
