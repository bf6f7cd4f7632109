"""What the tests of teaching share: a server, and options that ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kpod.teaching.options import TeachOptions, make_options
from tests.support.teacher_server import MODEL, TeacherServer, teacher_server, write_sums

KEY = "sk-made-0123456789abcdef"
VARIABLE = "KPOD_TEST_KEY"


@pytest.fixture
def server() -> Iterator[TeacherServer]:
    with teacher_server() as running:
        yield running


@pytest.fixture
def options(server: TeacherServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., TeachOptions]:
    """Options for six sums; what a test cares about by keyword."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    source = write_sums(tmp_path / "sums.jsonl", 6)

    def make(**values: Any) -> TeachOptions:
        plain = {
            "source": str(source),
            "out": str(tmp_path / "taught.jsonl"),
            "base_url": server.url,
            "model": MODEL,
            "backoff": 0.01,
            "retries": 2,
            "timeout": 5,
            "concurrency": 2,
        }
        return make_options(plain | values)

    return make
