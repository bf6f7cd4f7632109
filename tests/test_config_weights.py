"""Settings of mask learning: what is allowed, and what the paper mode sets."""

from __future__ import annotations

import pytest

from kpod.config import RunConfig, make_config, override
from kpod.config_weights import SET_BY_PAPER_MODE, TokenWeightSettings
from kpod.errors import InputError

CONFIG = make_config({"name": "R", "data": {"source": "x.jsonl"}, "student": {"name": "smollm2-135m"}})


@pytest.mark.parametrize("prefixes", ["steps", "all", "sample:1", "sample:40"])
def test_prefixes(prefixes):
    assert override(CONFIG, [f"weights.prefixes={prefixes}"]).weights.prefixes == prefixes


@pytest.mark.parametrize(
    "prefixes", ["sample", "sample:", "sample:0", "sample:-3", "sample:2.5", "some", "sample:٣", ""]
)
def test_other_prefixes_are_refused_with_what_is_allowed(prefixes):
    with pytest.raises(InputError, match=r"weights\.prefixes is .*give steps, all, or sample:k with k from 1"):
        make_config(CONFIG.model_dump() | {"weights": {"prefixes": prefixes}})


def test_batches_for_the_predictor_alone_are_never_all():
    assert override(CONFIG, ["weights.predictor_every=0"]).weights.predictor_every == 0
    with pytest.raises(InputError, match=r"weights\.predictor_every is 1: every batch would train the predictor"):
        override(CONFIG, ["weights.predictor_every=1"])


def test_learning_from_some_questions_only_is_left_to_choose_in_every_mode():
    assert CONFIG.weights.max_questions is None
    some = override(CONFIG, ["weights.max_questions=1000", "weights.mode=paper"])
    assert some.weights.effective.max_questions == 1000
    with pytest.raises(InputError, match=r"weights\.max_questions is 0: .*greater than or equal to 1"):
        override(CONFIG, ["weights.max_questions=0"])


def test_sums_go_with_a_fixed_price_only():
    summed = override(CONFIG, ["weights.objective=fixed", "weights.reduction=sum"])
    assert summed.weights.effective == summed.weights
    with pytest.raises(InputError, match=r"weights\.reduction is sum and weights\.objective constrained.*Set weights"):
        override(CONFIG, ["weights.reduction=sum"])


def test_another_predictor_that_never_learns_is_refused():
    """Its linear map would be as it was drawn, and the student's own needs none."""
    frozen = ["weights.predictor_rate=0", "weights.warmup_epochs=0"]
    assert override(CONFIG, frozen).weights.predictor == "own"
    with pytest.raises(InputError, match=r"weights\.predictor is flan-t5-large.*Give it an epoch of warm-up or a rate"):
        override(CONFIG, [*frozen, "weights.predictor=flan-t5-large"])
    for learns in ("weights.warmup_epochs=1", "weights.predictor_rate=1e-4", "weights.mode=paper"):
        override(CONFIG, [*frozen, "weights.predictor=flan-t5-large", learns])


def test_paper_mode_is_eq_2_to_7_as_they_are_written():
    paper = override(CONFIG, ["weights.mode=paper", "weights.alpha=0.7", "weights.epochs=9"]).weights.effective
    assert {name: getattr(paper, name) for name in SET_BY_PAPER_MODE} == {
        "warmup_epochs": 0, "objective": "fixed", "reduction": "sum", "sampling": "hard", "mask": "zero",
        "prefixes": "all", "predictor_every": 0, "logit_bound": 0.0,
        "context_range": 0.0, "rest_weight": 0.0, "generator_rate": None, "class_rate": 1.0,
        "predictor_rate": None, "final_rate": 1.0,
    }  # fmt: skip
    assert (paper.alpha, paper.epochs) == (0.7, 9)
    assert CONFIG.weights.effective is CONFIG.weights


def test_a_run_keeps_the_mask_that_its_file_names():
    assert CONFIG.weights.mask == "key_bias"
    stored = override(CONFIG, ["weights.mask=learned"]).to_yaml()  # the default of earlier versions
    assert "mask: learned" in stored
    assert RunConfig.from_yaml(stored).weights.effective.mask == "learned"


def test_every_departure_from_the_paper_is_set_by_paper_mode_or_left_to_choose():
    fields = TokenWeightSettings.model_fields.items()
    departures = {name for name, field in fields if (field.json_schema_extra["paper"] not in (None, field.default))}
    assert departures - set(SET_BY_PAPER_MODE) == {"mode", "predictor"}
