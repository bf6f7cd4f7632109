"""Runs for the pages: made once a session, each test's KPOD_RUNS points at the folder that it needs."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from kpod.ui import parts, reads
from tests.support.made_run import make_run


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory) -> dict[str, Path]:
    """Runs folders by what is in them."""
    root = tmp_path_factory.mktemp("made")
    make_run(root / "whole" / "run")
    make_run(root / "collapsed" / "run", weights_collapsed=True)
    make_run(root / "hostile" / "run", hostile=True)
    make_run(root / "prepared" / "run", upto="evaluation set", status="failed")
    make_run(root / "weighed" / "run", upto="weights", status="cancelled")
    make_run(root / "scheduled" / "run", upto="schedule", status="running")
    make_run(root / "empty run" / "run", upto="created", status="created")
    (root / "none").mkdir()
    return {folder.name: folder for folder in root.iterdir()}


@pytest.fixture
def use_runs(made_runs, monkeypatch):
    """Point the app at one of the runs folders."""

    def use(name: str) -> Path:
        monkeypatch.setenv("KPOD_RUNS", str(made_runs[name]))
        return made_runs[name]

    return use


@pytest.fixture(autouse=True)
def nothing_unexpected(monkeypatch):
    """What pages caught and was no InputError: they show a message then, and the test fails unless it clears this."""
    caught: list[str] = []
    monkeypatch.setattr(parts, "_log_unexpected", lambda: caught.append(traceback.format_exc()))
    yield caught
    assert not caught, caught[0]


@pytest.fixture(autouse=True)
def no_shipped_run(request, monkeypatch, tmp_path):
    """The app shows the made runs alone, except where a test is about the shipped one."""
    if "shipped_run" not in request.keywords:
        monkeypatch.setattr(reads, "EXAMPLE_RUN", tmp_path / "nothing shipped")
