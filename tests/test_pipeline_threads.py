"""UMAP's compiler raises the thread count of the whole process; training after it must not inherit that."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPT = """
import sys
import torch
from kpod import pipeline_stages
from kpod.config import make_config
from kpod.pipeline import run_pipeline
from kpod.run_store import create_run

class Reached(Exception):
    pass

def weigh(context):
    print("threads", torch.get_num_threads(), flush=True)
    raise Reached

pipeline_stages.weigh = weigh
source, student, out = sys.argv[1:]
config = make_config({"name": "threads", "data": {"source": source}, "student": {"name": student},
                      "clustering": {"embedding": "tfidf", "num_clusters": 2}})
try:
    run_pipeline(create_run(out, config))
except Reached:
    pass
"""


@pytest.mark.slow
def test_training_after_umap_has_the_threads_that_were_asked_for(tmp_path, tiny_llama_folder):
    names, things = ("Ann", "Ben", "Cora", "Dan"), ("pens", "shells", "maps", "cups", "figs")
    rows = [
        {"id": f"{name}-{thing}", "question": f"{name} has 3 {thing} and finds 4 more. How many {thing} are there?",
         "answer": "7", "rationale": f"There are 3 + 4 = 7 {thing}.", "correct": True,
         "split": "test" if name == "Dan" else "train"}
        for name in names for thing in things
    ]  # fmt: skip
    source = tmp_path / "questions.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), str(tiny_llama_folder), str(tmp_path / "run")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "threads 1" in done.stdout, done.stdout + done.stderr
