"""The student before a run: whether it is known and at hand, and how large it is, without loading it. No torch."""

from __future__ import annotations

import json
import math
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from kpod.config import StudentSettings
from kpod.errors import InputError
from kpod.preflight.problem import Problem, error, warning
from kpod.students import hub_snapshot
from kpod.students.checkpoint_source import cached_folder
from kpod.students.registry import Family, StudentEntry, find_student, read_family

BYTES_A_WEIGHT_TO_DOWNLOAD = 2  # most checkpoints come in half precision
HEADER_LIMIT_BYTES = 100_000_000


@dataclass(frozen=True)
class StudentFigures:
    """What is known of a student without loading it.

    folder: where its checkpoint lies, None where it has to be downloaded. linear_shapes: (in, out) of every matrix
    that an adapter may sit on, by the last part of its name; none where the checkpoint is not here. family: None for a
    hub id that is not here and not in the registry.
    """

    name: str
    num_parameters: int | None
    folder: Path | None = None
    width: int = 0
    num_layers: int = 0
    vocabulary: int = 0
    context: int | None = None
    linear_shapes: tuple[tuple[str, tuple[int, int]], ...] = ()
    download_bytes: int = 0
    family: Family | None = None

    @property
    def share_a_token(self) -> float:
        """Of all weights, those that one token meets: of an encoder-decoder only one side's, which is about a half."""
        return 0.5 if self.family == "encoder_decoder" else 1.0


def check_student(settings: StudentSettings) -> tuple[StudentFigures | None, list[Problem]]:
    """What is known of the student, and what stands in its way. Asks no network."""
    try:
        entry = find_student(settings.name)
        folder = checkpoint_folder(entry)
        family = entry.family if folder is None else read_family(folder)
    except InputError as refused:
        return None, [error("student.name", refused)]
    problems = []
    if folder is None:
        problems += _download_problems(entry)
        size = (entry.num_parameters or 0) * BYTES_A_WEIGHT_TO_DOWNLOAD
        return StudentFigures(settings.name, entry.num_parameters, download_bytes=size, family=family), problems
    gap = hub_snapshot.find_gap(folder)
    if gap is not None:
        problems.append(error("student.name", f"The checkpoint in {folder} lacks {gap}.", "Copy it there again."))
    try:
        figures = read_figures(settings.name, folder, entry.num_parameters)
    except (OSError, ValueError, TypeError, AttributeError, struct.error) as damage:
        return None, [*problems, error("student.name", f"The checkpoint in {folder} cannot be read: {damage}.")]
    if figures.context is not None and settings.max_tokens > figures.context:
        problems.append(
            warning(
                "student.max_tokens",
                f"It is {settings.max_tokens}, and the student's context is {figures.context} tokens: that counts.",
            )
        )
    return figures, problems


def checkpoint_folder(entry: StudentEntry) -> Path | None:
    """Where the checkpoint of a student lies on this disk; None where it has to be downloaded."""
    if entry.is_local:
        return Path(entry.checkpoint)
    own = cached_folder(entry)
    return own if own.is_dir() else hub_snapshot.cached_snapshot(entry.checkpoint)


def read_figures(name: str, folder: Path, num_parameters: int | None = None) -> StudentFigures:
    """Sizes by config.json and by the headers of the safetensors files; the weights are not read.

    Raises ValueError, OSError or struct.error where they are damaged.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    shapes: dict[str, list[int]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        shapes |= safetensors_shapes(path)
    if shapes:
        num_parameters = sum(math.prod(shape) for shape in shapes.values())
    linear = [
        (key.removesuffix(".weight").rsplit(".", 1)[-1], (shape[1], shape[0]))
        for key, shape in shapes.items()
        if key.endswith(".weight")
        and len(shape) == 2
        and re.search(r"\.\d+\.", key)
        and "relative_attention_bias" not in key  # T5's, which is a table
    ]
    # T5's positions are relative to each other: its n_positions is no limit.
    limits = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
    return StudentFigures(
        name,
        num_parameters,
        folder,
        width=_first(config, "hidden_size", "n_embd", "d_model") or 0,
        num_layers=_first(config, "num_hidden_layers", "n_layer", "num_layers", "encoder_layers") or 0,
        vocabulary=_first(config, "vocab_size") or 0,
        context=None if "relative_attention_num_buckets" in config else _first(config, *limits),
        linear_shapes=tuple(linear),
        family=read_family(folder),
    )


def safetensors_shapes(path: Path) -> dict[str, list[int]]:
    """The shapes of a safetensors file's tensors, from its header alone. Raises ValueError where that is damaged."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > HEADER_LIMIT_BYTES:
            raise ValueError(f"the header of {path.name} claims {length} bytes")
        header = json.loads(file.read(length))
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def _download_problems(entry: StudentEntry) -> list[Problem]:
    size = entry.num_parameters
    of_size = "" if size is None else f", about {size * BYTES_A_WEIGHT_TO_DOWNLOAD / 1e9:.1f} GB"
    if entry.name != "smollm2-135m" and os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        return [
            error(
                "student.name",
                f"The checkpoint {entry.checkpoint} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it.",
                "Give a folder, another student, or leave HF_HUB_OFFLINE unset.",
            )
        ]
    return [warning("student.name", f"The checkpoint {entry.checkpoint} will be downloaded first{of_size}.")]


def _first(config: dict, *names: str) -> int | None:
    return next((int(config[name]) for name in names if config.get(name) is not None), None)
