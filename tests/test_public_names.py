"""The outward face, `import kpod`: light, complete, and each name explains itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import kpod
from kpod.run_store import TABLES
from tests.conftest import ROOT

CONTRACT = {
    "split_steps": ("InputError", "sentence", "paper"),
    "step_difficulties": ("InputError", "nats", "(tokens,)", "(steps,)", "Eq. 8"),
    "difficulty_budget": ("Eq. 1", "nats"),
    "select_questions": ("InputError", "Eq. 1"),
    "build_schedule": ("InputError", "Eq."),
    "load_run": ("InputError", ".config"),
    "load_questions": ("InputError",),
    "tasks": (),
}


@pytest.mark.parametrize("name", CONTRACT)
def test_every_public_name_explains_itself(name):
    value = getattr(kpod, name)
    assert value.__doc__, name
    for part in CONTRACT[name]:
        assert part in value.__doc__, f"the docstring of kpod.{name} does not speak of {part!r}"


def test_load_run_names_every_table():
    for table in TABLES:
        assert table in kpod.load_run.__doc__
        assert isinstance(getattr(kpod.Run, table), property)


def test_names_are_listed_and_others_refused():
    assert set(CONTRACT) <= set(dir(kpod)) == set(kpod.__all__)
    with pytest.raises(AttributeError, match=r"'kpod' has no attribute 'load_runs'; it has .*load_run"):
        _ = kpod.load_runs
    assert kpod.tasks.get("arithmetic").extract_answer("Therefore, the answer is 1,234.50.") == "1234.5"


def test_importing_and_using_the_light_names_loads_nothing_heavy():
    script = (
        "import sys, kpod\n"
        "assert not {'pandas', 'torch', 'pydantic', 'streamlit'} & set(sys.modules), sorted(sys.modules)\n"
        "kpod.split_steps('One. Two.'); kpod.difficulty_budget(1, 9.0, 3.0, 4)\n"
        "kpod.step_difficulties([1.0, 2.0], [0.1, 0.9], [0, 0]); kpod.load_run; kpod.tasks.get('gsm8k')\n"
        "assert not {'torch', 'transformers', 'sklearn', 'umap', 'streamlit'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
