"""One Chromium and one server for all browser tests; every watched page is checked when its test ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpod.ablation_variations import Variation
from tests.support.made_ablation import make_ablation, turn_answers
from tests.support.made_run import make_run
from tests.support.second_run import second_run

RUNS = {
    "whole": {},
    "hostile": {"hostile": True},
    "collapsed": {"weights_collapsed": True},
    "stopped": {"upto": "losses", "status": "cancelled"},
}
FLIPPED = 5  # answers that the second run turned round
MISCOUNTED = "q043"  # the question whose second step is wrong there


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator:
    from playwright.sync_api import sync_playwright

    from tests.support.app_browser import FLAGS

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    for name, options in RUNS.items():
        make_run(root / name, **options)
    _make_second(root)
    make_ablation(root / "worlds", [Variation("small_world.filler_share", ("0", "0.5"))], [0])
    make_ablation(root / "ablation")
    return root


def _make_second(root: Path) -> None:
    """A run to compare the whole one with: other weights, tokens' roles, FLIPPED answers turned round, a wrong step."""
    run = second_run(root / "whole", root / "second", name="Another seed")
    tokens = run.tokens
    run.write_table("tokens", tokens.assign(role=(tokens["weight"] > 0.8).map({True: "result", False: "filler"})))
    turn_answers(run, FLIPPED)
    table = run.predictions
    row = table.index[(table["epoch"] > 0) & (table["question"] == MISCOUNTED)]
    table.loc[row, "output"] = "First 5 + 1 = 6. Then 6 * 7 = 43. So 43 - 1 = 42."
    run.write_table("predictions", table)


@pytest.fixture(scope="session")
def run_ids(runs: Path) -> dict[str, str]:
    return {path.parent.name: json.loads(path.read_text())["id"] for path in runs.glob("*/run.json")}


@pytest.fixture(scope="session")
def server(runs: Path, tmp_path_factory) -> Iterator[str]:
    from tests.support.app_server import serve

    with serve(runs, tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture(scope="session")
def profile(browser):
    """Browser profiles by window size and colour scheme, shared by the tests: each has loaded the app's code once."""
    from tests.support.app_browser import new_context

    profiles = {}

    def get(**options):
        key = tuple(sorted(options.items()))
        if key not in profiles:
            profiles[key] = new_context(browser, **options)
        return profiles[key]

    yield get
    for context in profiles.values():
        context.close()


@pytest.fixture
def watch(profile, server: str) -> Iterator:
    """Open watched pages; whatever went wrong on them fails the test at its end."""
    from tests.support.app_browser import Watched

    opened: list[Watched] = []

    def open_page(**options) -> Watched:
        opened.append(Watched(profile(**options), server))
        return opened[-1]

    yield open_page
    try:
        for watched in opened:
            watched.check()
    finally:
        for watched in opened:
            watched.close()
