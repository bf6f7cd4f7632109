"""A foreign server: `transformers serve` with a tiny checkpoint answers as the protocol says, and greedily as it is."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpod.teaching.prompts import make_prompt
from kpod.teaching.teach import teach
from tests.conftest import missing
from tests.support.teacher_server import rows_of
from tests.support.tiny_students import load_student

pytestmark = pytest.mark.slow
START_SECONDS = 120.0
TEMPLATE = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant:"


@pytest.fixture(scope="module")
def folder(tiny_llama_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny teacher with a chat template."""
    copy = shutil.copytree(tiny_llama_folder, tmp_path_factory.mktemp("served") / "tiny")
    (copy / "chat_template.jinja").write_text(TEMPLATE)
    return copy


@pytest.fixture(scope="module")
def address(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a running server."""
    absent = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if absent:
        missing(f"`transformers serve` needs {' and '.join(absent)}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(folder)]
    log = tmp_path_factory.mktemp("log") / "serve.txt"
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _wait(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended: {log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise AssertionError(f"no answer within {START_SECONDS:.0f} s: {log.read_text()[-2000:]}")


@pytest.mark.parametrize("api", ["chat", "completions"])
def test_rationales_of_a_served_checkpoint(options, address, folder, tmp_path, api):
    values = {"base_url": address, "model": str(folder), "max_tokens": 12, "temperature": 0, "timeout": 60, "api": api}
    chosen = options(**values, limit=3, out=str(tmp_path / f"{api}.jsonl"))
    ended = teach(chosen)
    assert ended.status == "finished", rows_of(ended.out)
    model, tokenizer = load_student(folder)
    for row, asked in zip(rows_of(ended.out), rows_of(chosen.source), strict=False):
        plain = api == "completions"
        prompt = make_prompt(asked["question"], "number", None, plain=plain)
        ids = tokenizer(prompt if plain else f"user: {prompt}\nassistant:", return_tensors="pt")
        written = model.generate(**ids, max_new_tokens=12, do_sample=False)[0, ids["input_ids"].shape[1] :]
        sample = row["samples"][0]
        assert sample["output"] == tokenizer.decode(written, skip_special_tokens=True)
        assert sample["prompt_tokens"] == ids["input_ids"].shape[1] and sample["completion_tokens"] == 12
        assert sample["truncated"] is True and sample["finish_reason"] == "length"
    lines = [line for line in rows_of(chosen.out + ".journal") if line["kind"] == "answer"]
    assert len(lines) == 3 and not any(line["estimated"] for line in lines)
