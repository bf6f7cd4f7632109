"""Figures below a page's main part: it has a moment's start on them, once a tab."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kpod.ui import saved_figures
from tests.support.app_pages import ROOT, open_app


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(saved_figures, "time", SimpleNamespace(sleep=found.append))  # its own alone
    return found


def test_what_is_above_the_first_figures_of_a_tab_is_drawn_first(use_runs, waits):
    use_runs("whole")
    app = open_app("curriculum")
    assert waits == [saved_figures.HEAD_START]
    app.run()
    assert waits == [saved_figures.HEAD_START]  # the browser has what draws figures


def test_nothing_waits_where_figures_were_drawn_before(use_runs, waits):
    use_runs("whole")
    app = open_app("results")
    app.switch_page(str(ROOT / "pages" / "curriculum.py")).run()
    assert not app.exception and waits == []
