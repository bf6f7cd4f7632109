"""Hostile runs: markup, scripts, styles, Markdown and direction marks stay text on every page."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.support.hostile_runs import BROKEN_TABLES, NAMES, ODD_STATES, UNREADABLE, make_cases, set_state
from tests.support.made_run import HOSTILE_TEXTS

pytestmark = pytest.mark.browser

# Elements that only a run's text could have made: none of the app's own parts uses them.
FOREIGN = """() => {
  const found = []
  const walk = root => {
    for (const node of root.querySelectorAll('*')) {
      if (node.shadowRoot) walk(node.shadowRoot)
      const isOurs = node.closest('.kp-head')
      if (node.getAttributeNames().some(name => name.startsWith('on'))) found.push(node.outerHTML.slice(0, 200))
      if (node.matches('img[src=x], a[href^="javascript:"], h1') && !isOurs) found.push(node.outerHTML.slice(0, 200))
      if (node.matches('script') && /alert/.test(node.textContent)) found.push(node.outerHTML.slice(0, 200))
      if (node.matches('style') && node.textContent.includes('body{display:none}')) found.push('style')
    }
  }
  walk(document.body)
  return found
}"""


@pytest.mark.parametrize("name", ["keypoints", "curriculum"])
def test_hostile_questions_are_text(watch, run_ids, name):
    watched = watch().open(name, run=run_ids["hostile"], question="q000")
    page = watched.page
    for number in range(len(HOSTILE_TEXTS)):
        page.get_by_text(f"{number + 1} of 40").wait_for()
        watched.settle()
        assert page.evaluate(FOREIGN) == []
        assert page.evaluate("getComputedStyle(document.body).display") != "none"
        watched.check()
        page.locator(".st-key-next-question button:visible").click()


def test_hostile_questions_are_text_on_the_map(watch, run_ids):
    watched = watch().open("questions", run=run_ids["hostile"], question="<b>q001</b>&run=x")
    assert watched.page.evaluate(FOREIGN) == []
    assert watched.page.locator(".kp-text").inner_text().startswith("<img src=x onerror=alert(1)>")


def test_a_hostile_run_name_is_text(watch, run_ids):
    watched = watch().open("overview", run=run_ids["hostile"])
    assert watched.page.locator(".kp-run h2").inner_text() == "<img src=x onerror=alert('name')> **run** ⟨U+202E⟩"
    assert watched.page.evaluate(FOREIGN) == []


def test_hidden_characters_are_visible_chips(watch, run_ids):
    watched = watch().open("keypoints", run=run_ids["hostile"], question="q004")
    chips = watched.page.locator(".st-key-tokens .chip").all_inner_texts()
    assert {"U+202E", "U+202C", "U+200B", "U+FEFF"} <= set(chips)


@pytest.mark.parametrize("run", ["../../etc", "<script>alert(1)</script>", "%00"])
def test_a_hostile_address_opens_a_run_that_exists(watch, run_ids, run):
    watched = watch().open("keypoints", run=run, question=run)
    assert any(run_id in watched.page.url for run_id in run_ids.values())


CASES = {
    **{f"name {number}": set_state(name=name) for number, name in enumerate(NAMES)},
    **{
        case: UNREADABLE[case] for case in ("state: half written", "state: newer", "settings: a tag", "log: a link out")
    },
    **{case: ODD_STATES[case] for case in ("hostile stage", "hostile warning", "hostile error", "hostile note")},
    **{case: ODD_STATES[case] for case in ("hostile settings", "metrics of no kind", "progress below nothing")},
    **{case: BROKEN_TABLES[case] for case in ("tokens: cut", "tokens: endless", "questions: ids twice")},
}
OPENED = ("name 1", "name 5", "name 10", "hostile stage", "hostile note", "metrics of no kind", "tokens: endless")
PATHS = ("", "distill", "keypoints", "curriculum", "questions", "results")


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory):
    """A server on hostile and damaged runs alone, and the runs' ids by case."""
    from tests.support.app_server import serve

    root = tmp_path_factory.mktemp("hostile")
    ids = {case: run_id for run_id, case in make_cases(root / "runs", CASES).items()}
    with serve(root / "runs", root / "log.txt") as url:
        yield url, ids


def test_hostile_and_damaged_runs_do_nothing_on_any_page(profile, hostile_server):
    """No script, dialog, foreign element, console error or request to another host, and the page stays visible."""
    from tests.support.app_browser import Watched

    url, ids = hostile_server
    watched = Watched(profile(), url)
    for number, case in enumerate(OPENED):
        for path in PATHS if not number else PATHS[number % 6 :: 6]:  # the first on every page
            watched.page.goto(f"{url}/{path}?view=progress&run={ids[case]}")
            watched.page.locator(".kp-head").first.wait_for()
            watched.settle()
            assert watched.page.evaluate(FOREIGN) == [], (case, path)
            assert watched.page.evaluate("getComputedStyle(document.body).display") != "none"
            watched.check(damaged=True)
    watched.close()


def test_a_foreign_host_gets_nothing(server):
    request = urllib.request.Request(server, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=5)
    assert refused.value.code == 400


def test_answers_carry_the_policy(server):
    with urllib.request.urlopen(server, timeout=5) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
