"""One made run for all chart tests; its frames must not be changed."""

from __future__ import annotations

import pytest

from kpod.run_store import Run
from tests.support.made_run import make_run


@pytest.fixture(scope="session")
def made_run(tmp_path_factory) -> Run:
    return make_run(tmp_path_factory.mktemp("charts") / "run")
