"""Components are put together from files, and none of them writes markup."""

from __future__ import annotations

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
