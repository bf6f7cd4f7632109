"""Which tokens a comparison holds against which, on small texts and on problems whose roles are true."""

from __future__ import annotations

import numpy as np
import pytest

from kpod.weight_validation.targets import TARGET_NAMES, find_targets
from tests.support.planted_weights import planted, planted_world

TEXTS = ["Mina has 3 + 4 = 7 pens. Then 7 - 2 = 5 are left, not 9."]
QUESTION = ["Mina has 3 pens, finds 4 and loses 2. How many are left?"]


@pytest.fixture(scope="module")
def targets():
    material = planted(TEXTS, lambda text: 0.5, QUESTION)
    found = {target.name: target for target in find_targets(material)}

    def shown(name, positive=True):
        target = found[name]
        rows = target.positive if positive else target.among & ~target.positive
        spans = zip(*(material.column(f"character_{edge}")[rows] for edge in ("start", "end")), strict=True)
        return [TEXTS[0][start:end].strip() for start, end in spans]

    return found, shown


def test_every_comparison_has_a_name_and_both_sides(targets):
    found, _ = targets
    assert list(found) == [name for name in TARGET_NAMES if name in found]
    assert set(TARGET_NAMES) - set(found) == {"key_roles", "cues_filler", "cues_in_words"}
    for target in found.values():
        assert target.is_defined and not (target.positive & ~target.among).any()


@pytest.mark.parametrize(
    ("name", "positives", "negatives"),
    [
        ("results", ["7", "5"], None),
        ("calculations", ["3", "+", "4", "=", "7", "7", "-", "2", "=", "5"], None),
        ("digits", ["3", "4", "7", "7", "2", "5", "9"], None),
        ("digits_or_operators", ["3", "+", "4", "=", "7", "7", "-", "2", "=", "5", "9"], None),
        ("results_in_digits", ["7", "5"], ["3", "4", "7", "2", "9"]),
        ("results_operands", ["7", "5"], ["3", "4", "7", "2"]),
        ("results_copied", ["7", "5"], ["3", "4", "7", "2"]),  # 9 comes from nowhere
        ("last_step_in_digits", ["7", "2", "5", "9"], ["3", "4", "7"]),
        ("last_results", ["5"], ["7"]),
    ],
)
def test_who_stands_against_whom(targets, name, positives, negatives):
    _, shown = targets
    assert shown(name) == positives
    if negatives is not None:
        assert shown(name, positive=False) == negatives


def test_white_space_is_in_no_comparison(targets):
    found, shown = targets
    assert "" not in shown("results") + shown("results", positive=False) + shown("last_step", positive=False)
    assert found["results"].among.sum() < len(found["results"].among)


def test_rationales_of_one_step_have_no_last_one():
    names = {target.name for target in find_targets(planted(["So 3 + 4 = 7."], lambda text: 0.5))}
    assert "results" in names and not names & {"last_step", "last_step_in_digits", "last_results"}


def test_rationales_without_arithmetic_have_no_results():
    names = {target.name for target in find_targets(planted(["The 2 birds fly. Birds do."], lambda text: 0.5))}
    assert "digits" in names and not names & {"results", "calculations", "results_in_digits"}


def test_rationales_of_unknown_arithmetic_are_no_negatives():
    material = planted(["So 3 + 4 = 7.", "So 1 + 1 = 2."], lambda text: 0.5)
    material.arithmetic[1] = None
    found = {target.name: target for target in find_targets(material)}
    assert not found["results"].among[material.question == 1].any()
    assert found["digits"].among[material.question == 1].any()


def test_roles_of_the_small_world_are_the_truth_where_they_are_known():
    material = planted_world(lambda role: 0.5)
    found = {target.name: target for target in find_targets(material)}
    roles = material.roles
    assert set(found) == set(TARGET_NAMES)
    assert set(roles[found["results"].positive]) == {"result"}
    assert found["results"].positive.sum() == ((roles == "result") & material.visible).sum()
    copied = found["results_copied"]
    assert set(roles[copied.among & ~copied.positive]) <= {"number", "earlier"}
    filler = found["cues_filler"]
    assert set(roles[filler.positive]) == {"cue"} and set(roles[filler.among & ~filler.positive]) == {"filler"}
    key = found["key_roles"]
    assert set(roles[key.positive]) == {"number", "earlier", "operator", "result", "cue"}
    assert set(roles[key.among & ~key.positive]) <= {"filler", "irrelevant"}
    words = found["cues_in_words"]
    assert set(roles[words.positive]) == {"cue"} and np.isin(["name", "unit"], roles[words.among]).all()
