"""Settings that a family of students has no use for."""

from __future__ import annotations

import pytest

from kpod.config import make_config
from kpod.family_settings import find_misfits


def config(given_steps):
    return make_config(
        {
            "name": "R",
            "data": {"source": "x"},
            "student": {"name": "flan-t5-small"},
            "distillation": {"given_steps": given_steps},
        }
    )


@pytest.mark.parametrize("given_steps", ["decoder_prefix", "encoder_input"])
def test_an_encoder_decoder_takes_given_steps_on_either_side(given_steps):
    assert find_misfits(config(given_steps), "encoder_decoder") == []


def test_a_causal_student_has_them_before_what_it_writes():
    assert find_misfits(config("decoder_prefix"), "decoder_only") == []
    (misfit,) = find_misfits(config("encoder_input"), "decoder_only")
    assert misfit.setting == "distillation.given_steps" and "Set it to decoder_prefix" in str(misfit)
