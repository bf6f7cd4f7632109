"""What a run costs, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.config import make_config, override
from kpod.preflight import work
from kpod.preflight.data import DataFigures, num_prefixes
from kpod.preflight.student import StudentFigures
from kpod.preflight.work import adapter_parameters, disk_bytes, fixed_bytes, model_work, working_bytes
from kpod.token_weighting import training

CONFIG = make_config(
    {
        "name": "R",
        "data": {"source": "x.jsonl"},
        "student": {"name": "smollm2-135m"},
        "weights": {"epochs": 5, "warmup_epochs": 2, "predictor_every": 3, "batch_size": 2, "rest_weight": 0},
        "distillation": {"epochs": 3, "batch_size": 4, "lora_rank": 2, "probe_questions": 5},
        "evaluation": {"max_new_tokens": 100, "batch_size": 16},
    }
)
DATA = DataFigures(
    questions=10, steps=30, tokens=1000, rationale_tokens=600, longest=150, prefix_tokens=200,
    evaluation_questions=20, evaluation_prompt_tokens=400, output_tokens=60,
)  # fmt: skip
STUDENT = StudentFigures(
    "s", 1000, vocabulary=50, linear_shapes=(("q", (8, 8)), ("up", (8, 32)), ("q", (8, 8)), ("up", (8, 32)))
)


def test_the_arithmetic_of_every_stage():
    costs = model_work(CONFIG, DATA, 1.0)
    assert costs["losses"] == 2 * 1000
    # 7 epochs over 1,200 tokens at 4; two more passes at 2 in every sixth of two thirds of 5 epochs' batches.
    assert costs["weights"] == pytest.approx(1200 * (7 * 4 + 2 * 2 * (5 / 6) * (2 / 3)))
    assert costs["distill"] == 3 * 1000 * (4 + 0.5 * 2)
    # 20 questions at 16 a batch: one batch of 16, and 4 that take as long as 8.
    assert costs["evaluate base"] == 2 * (400 + 24 * 100) and costs["evaluate"] == 2 * (400 + 24 * 60)


@pytest.mark.parametrize(
    ("settings", "stage", "operations"),
    [
        (["distillation.tuning=full"], "distill", 3 * 1000 * (6 + 0.5 * 2)),
        (["distillation.probe_questions=null"], "distill", 3 * 1000 * (4 + 2)),
        (["method=mcc-kd"], "distill", 3 * 1000 * (2 * 4 + 0.5 * 2)),
        # No warm-up, and no batch for the predictor alone.
        (["weights.mode=paper"], "weights", 1200 * (5 * 4 + 2 * 2 * (5 / 6))),
        # From 4 of 10 questions; from more than there are it is from all.
        (["weights.mode=paper", "weights.max_questions=4"], "weights", 0.4 * 1200 * (5 * 4 + 2 * 2 * (5 / 6))),
        (["weights.mode=paper", "weights.max_questions=11"], "weights", 1200 * (5 * 4 + 2 * 2 * (5 / 6))),
        # A predictor that is frozen after its warm-up has no batch of its own; half of a rationale is read once more.
        (["weights.predictor_rate=0"], "weights", 1200 * (7 * 4 + 2 * 2 * (5 / 6))),
        (
            ["weights.mode=own", "weights.predictor_rate=0", "weights.rest_weight=.5"],
            "weights",
            (1200 + 300) * (7 * 4 + 2 * 2 * (5 / 6)),
        ),
        (["evaluation.max_new_tokens=10"], "evaluate", 2 * (400 + 24 * 10)),
    ],
)
def test_settings_that_change_the_arithmetic(settings, stage, operations):
    assert model_work(override(CONFIG, settings), DATA, 1.0)[stage] == pytest.approx(operations)


def test_measurements_are_counted_as_mask_learning_makes_them():
    """Set down twice: what tells a run's cost before it starts reads no torch."""
    assert work.MEASURE_EVERY == training.MEASURE_EVERY


@pytest.mark.parametrize(("prefixes", "expected"), [("steps", [2, 6]), ("all", [3, 40]), ("sample:4", [3, 4])])
def test_prefixes_that_mask_learning_reads(prefixes, expected):
    assert num_prefixes(prefixes, np.array([3, 40]), np.array([2, 6])).tolist() == expected


def test_stages_that_are_not_needed_cost_nothing():
    work = model_work(override(CONFIG, ["method=plain", "evaluation.base_student=false"]), DATA, 1.0)
    assert set(work) == {"losses", "distill", "evaluate"}


def test_memory_and_disk():
    assert adapter_parameters(CONFIG, STUDENT) == 2 * 2 * (16 + 40)
    assert adapter_parameters(override(CONFIG, ["distillation.lora_targets=q,v"]), STUDENT) == 2 * 2 * 16
    assert fixed_bytes(CONFIG, STUDENT, 4) == 600_000_000 + 4 * 1000 + 16 * 224
    # The larger batch: 4 rationales of 150 tokens, against 2 of 150 and their 40 tokens of prefixes.
    assert working_bytes(CONFIG, DATA, STUDENT) == pytest.approx(600 * 4 * (1.3 * 112 + 3 * 50))
    # 8 of 150, their 40 tokens of prefixes, and as much as 150 once more of those that continue.
    continued = override(CONFIG, ["weights.rest_weight=.5", "weights.batch_size=8"])
    assert working_bytes(continued, DATA, STUDENT) == pytest.approx(8 * (150 + 40 + 150) * 4 * (1.3 * 112 + 3 * 50))
    full = override(CONFIG, ["distillation.tuning=full"])
    assert fixed_bytes(full, STUDENT, 4) == 600_000_000 + 4 * 1000 + 16 * 1000
    # Three checkpoints of three values a weight, and the weights themselves.
    assert disk_bytes(full, DATA, STUDENT) - disk_bytes(CONFIG, DATA, STUDENT) == 4 * (1000 - 224) * 10


def test_a_student_of_unknown_shapes_is_taken_for_a_usual_one():
    """SmolLM2-135M has 299,520 inputs and outputs of matrices a token; a guess from its size alone comes near."""
    usual = StudentFigures("s", 134_515_008)
    known = StudentFigures("s", 134_515_008, vocabulary=50_000, linear_shapes=(("all", (299_520, 0)),))
    assert working_bytes(CONFIG, DATA, usual) == pytest.approx(working_bytes(CONFIG, DATA, known), rel=0.4)
