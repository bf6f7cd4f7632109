"""The registry of methods: what each turns on."""

from __future__ import annotations

import numpy as np
import pytest

from kpod import methods
from kpod.curriculum.rivals import CURRICULA, curriculum_inputs, make_curriculum
from kpod.errors import InputError
from kpod.methods.method import USE_DIFFICULTY

ON = ["weighted_loss", "weighted_difficulty", "progressive", "diversity", "learns_weights"]


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("kpod", ON),
        ("kpod-sig", ["progressive", "diversity"]),
        ("kpod-sig-dif", ["weighted_loss", "progressive", "diversity", "learns_weights"]),
        ("kpod-prog", ["weighted_loss", "weighted_difficulty", "diversity", "learns_weights"]),
        ("kpod-div", ["weighted_loss", "weighted_difficulty", "progressive", "learns_weights"]),
        ("plain", []),
        ("kpod+acl", ["weighted_loss", "weighted_difficulty", "progressive", "learns_weights"]),
        ("kpod+random", ["weighted_loss", "weighted_difficulty", "progressive", "learns_weights"]),
        ("plain+easy", ["progressive"]),
        ("plain+icl", ["progressive"]),
        ("answer-only", []),
        ("mcc-kd", []),
        ("scott", []),
    ],
)
def test_what_each_method_turns_on(name, on):
    method = methods.get(name)
    assert [part for part in ON if getattr(method, part)] == on
    assert method.name == name and method.label and method.description


RIVALS = ("acl", "spl", "icl", "easy", "hard", "random")


def test_all_methods_are_known_by_their_names():
    assert {name: method.name for name, method in methods.METHODS.items()} == {name: name for name in methods.METHODS}
    assert set(methods.METHODS) == {
        "kpod", "kpod-sig", "kpod-sig-dif", "kpod-prog", "kpod-div", "plain", "answer-only", "mcc-kd", "scott",
        *(f"{loss}+{rival}" for loss in ("kpod", "plain") for rival in RIVALS),
    }  # fmt: skip
    assert len({method.label for method in methods.METHODS.values()}) == len(methods.METHODS)


def test_every_curriculum_is_a_method_with_both_losses():
    by_curriculum = {name: set() for name in CURRICULA}
    for method in methods.METHODS.values():
        if method.objective == "rationale":
            by_curriculum[method.curriculum].add(method.weighted_loss)
    assert by_curriculum == {name: {True, False} for name in CURRICULA}


def test_which_curricula_go_by_difficulty():
    """One that does must change its plans where the difficulties change; the others must not."""
    rng = np.random.default_rng(0)
    difficulties = [rng.gamma(2.0, 0.5, 6) for _ in range(40)]
    others = [rng.gamma(2.0, 0.5, 6) for _ in range(40)]
    for name in CURRICULA:
        plans = []
        for given in (difficulties, others):
            curriculum = make_curriculum(name, curriculum_inputs(given, np.zeros(40, dtype=int), num_stages=8))
            state, losses = curriculum.start(), np.arange(40.0)
            state, first = curriculum.next_stage(state, losses)
            _, second = curriculum.next_stage(state, losses)
            plans.append([first.num_input_steps, first.participation, second.num_input_steps, second.participation])
        same = all(np.array_equal(one, other) for one, other in zip(*plans, strict=True))
        assert same == (name not in USE_DIFFICULTY), name
    assert set(USE_DIFFICULTY) <= set(CURRICULA)


def test_what_a_method_needs_beside_the_rationale_of_a_question():
    needs = {name: method.further_rationales for name, method in methods.METHODS.items() if method.further_rationales}
    assert needs == {"mcc-kd": "alternative", "scott": "counterfactual"}


def test_an_unknown_method_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"'kpood' is no method\. Did you mean kpod\? There are kpod, kpod-sig"):
        methods.get("kpood")
    with pytest.raises(InputError, match=r"'xyz' is no method\. There are kpod"):
        methods.get("xyz")
