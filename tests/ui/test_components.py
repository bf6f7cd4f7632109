"""Components are put together from files, and none of them writes markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

from tests.conftest import ROOT, missing

SCRIPTS = sorted((ROOT / "kpod" / "ui").glob("*.js"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_a_text(script):
    # A component of Streamlit is no sandbox: what a run's text says must never become an element.
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", script.read_text()
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_can_be_read(script, tmp_path):
    node = shutil.which("node")
    if node is None:
        missing("no node on the PATH to check scripts with")
    module = tmp_path / "script.mjs"
    module.write_text(script.read_text())
    done = subprocess.run([node, "--check", str(module)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# What happens to a component that holds a value: it tells one (+), an answer comes in (=), time goes by (~).
ECHOES = {
    "an answer is no news": ("=0 +1 =1", 1),
    "two tellings, answered one by one": ("=0 +1 +2 =1 =2", 2),
    "three tellings, answered one by one": ("=9 +0 +1 +2 =0 =1 =2", 2),
    "two tellings, answered at once": ("=0 +1 +2 =2", 2),
    "the old value once more in between": ("=0 +1 =0 =1", 1),
    "there and back": ("=0 +1 +2 +1 =1 =2 =1", 1),
    "there and back, answered at once": ("=0 +1 +2 +1 =1", 1),
    "what another element sets": ("=0 +1 =1 =7", 7),
    "what another element sets, in the middle": ("=0 +1 +2 =7 =1 =2", 2),
    "what another element set long after": ("=0 +1 +2 +1 =1 =2 =1 =2", 2),
    "a value told and put back by another": ("=0 +1 =1 =0", 0),
    "one that was never answered, long after": ("=1 +2 +1 ~ =2", 2),
}


@pytest.mark.parametrize(("events", "end"), ECHOES.values(), ids=ECHOES)
def test_a_component_ends_with_what_it_told_last_or_what_was_set_after_that(events, end):
    node = shutil.which("node")
    if node is None:
        missing("no node on the PATH to run scripts with")
    script = f"""
      {(ROOT / "kpod" / "ui" / "component_common.js").read_text()}
      const echoes = new Echoes()
      let shown = null, now = 0
      for (const event of {json.dumps(events.split())}) {{
        const value = Number(event.slice(1))
        now += event === "~" ? 2 * ECHO_MS : 1
        if (event[0] === "+") {{ shown = value; echoes.note(value, now) }}
        else if (event[0] === "=" && echoes.isNews(value, now)) shown = value
      }}
      console.log(shown)
    """
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) == end
