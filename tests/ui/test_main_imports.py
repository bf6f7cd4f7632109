"""Pages load nothing heavy: all are run in a process of their own, and what it loaded is looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.support.app_pages import PAGES, ROOT

HEAVY = ("torch", "transformers", "peft", "sklearn", "umap", "numba", "plotly.express")
SCRIPT = """
import json, sys
from tests.support.app_pages import open_app
for page in json.loads(sys.argv[1]):
    open_app(page, question="q003")
print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


def test_pages_load_nothing_heavy(made_runs):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(PAGES), json.dumps(HEAVY)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "KPOD_RUNS": str(made_runs["whole"])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []
