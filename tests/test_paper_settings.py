"""What is said of the paper beside settings goes with the paper's values that the presets and the settings hold."""

from __future__ import annotations

import pytest

from kpod import presets
from kpod.config_description import describe_settings
from kpod.config_forms import values_of
from kpod.paper_settings import OF_THIS_PROGRAM, STATED

ROWS = {row["setting"]: row for row in describe_settings()}


def test_what_is_stated_is_of_settings_that_there_are():
    assert set(STATED) <= set(ROWS) and set(OF_THIS_PROGRAM) <= set(ROWS)
    assert not [path for path in OF_THIS_PROGRAM if path in STATED or ROWS[path]["paper"] is not None]


@pytest.mark.parametrize("path", sorted(set(STATED) & {path for path, row in ROWS.items() if row["paper"] is not None}))
def test_the_words_hold_the_papers_own_value(path):
    paper = ROWS[path]["paper"]
    written = "off" if paper is False else f"{paper:g}" if isinstance(paper, float) else str(paper)
    assert written.replace("1e-05", "1e-5") in STATED[path]


@pytest.mark.parametrize("path", ["distillation.epochs", "distillation.learning_rate", "distillation.lora_rank"])
def test_what_goes_by_the_student_names_the_values_of_the_papers_presets(path):
    for name in ("paper-llama-7b", "paper-flan-t5-xl"):
        value = values_of(presets.get(name))[path]
        assert f"{value:g}".replace("e-05", "e-5") in STATED[path]
    assert "40 on ASDiv and SVAMP" in STATED["distillation.epochs"]


def test_what_appendix_a_states_is_stated():
    said = {path for path, row in ROWS.items() if row["paper"] is not None} | set(STATED)
    assert {
        "weights.max_questions",
        "curriculum.num_stages", "curriculum.initial_fraction", "curriculum.power", "curriculum.beta",
        "clustering.num_clusters", "clustering.embedding", "weights.alpha", "weights.predictor", "student.name",
        "distillation.epochs", "distillation.batch_size", "distillation.lora_rank", "distillation.learning_rate",
    } <= said  # fmt: skip
    assert "one epoch is one stage" in STATED["curriculum.num_stages"]
    silent = {"curriculum.delta_s", "weights.temperature", "weights.learning_rate", "weights.lora_rank", "seed",
              "distillation.lora_alpha", "distillation.lora_targets", "distillation.schedule"}  # fmt: skip
    assert not silent & said
