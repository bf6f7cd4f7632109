"""Checkpoints from the Hugging Face hub, through its own client and cache. No torch."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from kpod.errors import InputError

ANSWER_TIMEOUT_SECONDS = 5.0
"""For the hub's first answer: where there is no network, the next way must be tried soon."""

CONFIGURATION_FILES = ("*.json", "*.txt", "*.model", "*.jinja")
SAFE_WEIGHTS, OLD_WEIGHTS = "*.safetensors", "pytorch_model*.bin"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt")


class HubUnavailable(InputError):
    """The hub gave no checkpoint: no network, offline mode, or no such repository for us."""


def find_gap(folder: Path) -> str | None:
    """What a checkpoint folder lacks to be loaded, or None."""
    if not (folder / "config.json").is_file():
        return "config.json"
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        return "a tokenizer"
    for whole in ("model.safetensors", "pytorch_model.bin"):
        if (folder / whole).is_file():
            return None
        index = folder / f"{whole}.index.json"
        if index.is_file():
            shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            return next((shard for shard in sorted(shards) if not (folder / shard).is_file()), None)
    return "weights"


def cached_snapshot(checkpoint: str) -> Path | None:
    """The hub client's whole cached snapshot of a hub id, without a network attempt."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(checkpoint, local_files_only=True, allow_patterns="config.json"))
    except LocalEntryNotFoundError:
        return None
    return folder if find_gap(folder) is None else None


def download_snapshot(checkpoint: str, report: Callable[[str], None]) -> Path:
    """Fetch a hub id into the hub client's cache; one attempt. Raises HubUnavailable, saying why."""
    import httpx2
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    if constants.is_offline_mode():
        raise HubUnavailable("the hub was not asked, since HF_HUB_OFFLINE is set")
    report(f"asking the hub for {checkpoint}")
    try:
        files = HfApi().model_info(checkpoint, timeout=ANSWER_TIMEOUT_SECONDS).siblings or []
        has_safe_weights = any(fnmatch(file.rfilename, SAFE_WEIGHTS) for file in files)
        patterns = [*CONFIGURATION_FILES, SAFE_WEIGHTS if has_safe_weights else OLD_WEIGHTS]
        folder = Path(snapshot_download(checkpoint, allow_patterns=patterns))
    except GatedRepoError as error:
        raise HubUnavailable(
            f"the hub keeps {checkpoint} behind its terms of use: accept them on its page and log in (`hf auth login`)"
        ) from error
    except RepositoryNotFoundError as error:
        raise HubUnavailable(f"the hub has no model {checkpoint}, or hides it from us") from error
    except (httpx2.HTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
        raise HubUnavailable(f"the hub could not be reached ({str(error).splitlines()[0]})") from error
    gap = find_gap(folder)
    if gap is not None:
        raise HubUnavailable(f"the hub's {checkpoint} lacks {gap}, so transformers cannot load it")
    return folder
