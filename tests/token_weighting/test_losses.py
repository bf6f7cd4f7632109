"""The loss of mask learning (Eq. 5 to 7) and its price, hand-worked."""

from __future__ import annotations

import math

import pytest
import torch

from kpod.token_weighting.losses import (
    HIGHEST_ALPHA,
    LEAST_GAP,
    LOWEST_ALPHA,
    Price,
    RationaleLoss,
    answer_loss,
    collapse_warning,
    dual_rate,
    keep_cost,
)
from kpod.token_weighting.training import MEASURE_EVERY


def test_answer_loss_is_the_mean_of_each_rationale_then_over_rationales():
    # With two classes and logits (l, 0) the NLL of class 0 is log(1 + e^-l).
    logits = torch.tensor([[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [5.0, 0.0]])
    targets = torch.tensor([0, 0, 1, 0])
    nll = [math.log(2), math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1)), math.log(1 + math.exp(-5))]
    rows = torch.tensor([0, 0, 0, 1])  # the first rationale has three predicted tokens, the second one
    expected = ((nll[0] + nll[1] + nll[2]) / 3 + nll[3]) / 2
    assert answer_loss(logits, targets, rows, 2).item() == pytest.approx(expected, rel=1e-6)


def test_answer_loss_in_half_precision_is_computed_in_full():
    logits = torch.randn(6, 50, generator=torch.Generator().manual_seed(0)).bfloat16()
    targets, rows = torch.arange(6), torch.tensor([0, 0, 1, 1, 1, 2])
    loss = answer_loss(logits, targets, rows, 3)
    assert loss.dtype == torch.float32
    assert loss.item() == answer_loss(logits.float(), targets, rows, 3).item()


def test_keep_cost_is_the_mean_weight_of_each_rationale_then_over_rationales():
    logits = torch.tensor([[0.0, math.log(3), 7.0], [math.log(9), 0.0, -50.0]])
    valid = torch.tensor([[True, True, False], [True, True, True]])
    expected = ((0.5 + 0.75) / 2 + (0.9 + 0.5 + 0.0) / 3) / 2
    assert keep_cost(logits, valid).item() == pytest.approx(expected, rel=1e-6)


def price(objective, alpha=0.5, **values):
    return Price(objective, alpha, tolerance=0.15, rate=0.1, **values)


def loss(answers, rest=None):
    """Of answers, and of continuations that count a half."""
    parts = (torch.tensor(each, dtype=torch.float64) for each in (answers, *([] if rest is None else [rest])))
    return RationaleLoss(*parts, rest_weight=0.5)


def test_the_gap_is_what_a_rationale_is_worth():
    assert price("relative").gap == 1.0  # nothing is measured yet
    measured = price("relative")
    measured.measure(loss(1.5), loss(1.0), loss(3.0))
    assert measured.gap == pytest.approx(2.0)
    measured.measure(loss(2.5), loss(2.0), loss(3.0))  # .6 of the old and .4 of the new: 1.4
    assert measured.loss_full == pytest.approx(1.4) and measured.gap == pytest.approx(1.6)
    assert measured.loss_masked == pytest.approx(1.9)
    assert measured.nll_full == measured.loss_full  # without a rest the same
    worthless = price("relative", loss_full=3.0, loss_empty=2.0)
    assert worthless.gap == 0.05


def test_what_a_rationale_is_worth_to_its_own_continuation_counts_beside_the_answer():
    measured = price("relative")
    measured.measure(loss(1.5, 1.0), loss(1.0, 0.5), loss(3.0, 4.5))
    assert (measured.loss_masked, measured.loss_full, measured.loss_empty) == (2.0, 1.25, 5.25)
    assert measured.gap == 4.0
    assert (measured.nll_full, measured.nll_empty, measured.first_empty) == (1.0, 3.0, 3.0)
    measured.measure(loss(1.5), loss(2.0), loss(4.0))  # .6 of the old and .4 of the new
    assert (measured.nll_full, measured.nll_empty) == (pytest.approx(1.4), pytest.approx(3.4))
    assert measured.loss_empty == pytest.approx(0.6 * 5.25 + 0.4 * 4.0) and measured.first_empty == 3.0


@pytest.mark.parametrize(("objective", "expected"), [("fixed", 1.5 + 0.5 * 0.4), ("relative", 1.5 / 2 + 0.5 * 0.4)])
def test_eq_7_in_nats_or_in_units_of_the_gap(objective, expected):
    cost = price(objective, loss_full=1.0, loss_empty=3.0).loss(torch.tensor(1.5), torch.tensor(0.4))
    assert cost.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("loss_masked", "excess"),
    [
        (1.0, -0.15),  # masking loses nothing: less than the tolerance, so the price rises
        (1.3, 0.0),  # exactly the tolerance
        (1.4, 0.05),
        (2.0, 0.15),  # .35 of the gap too much: clipped, so that the price falls no faster than it can rise
        (9.0, 0.15),
        (-9.0, -0.15),
    ],
)
def test_dual_ascent_of_the_constrained_price(loss_masked, excess):
    constrained = price("constrained", loss_masked=loss_masked, loss_full=1.0, loss_empty=3.0)
    constrained.ascend()
    assert constrained.alpha == pytest.approx(0.5 * math.exp(-0.1 * excess))


def test_a_predictor_that_learns_its_answers_by_heart_does_not_drive_the_price_up():
    """All losses halve from batch to batch and masking always loses .15 of the gap: the price has no reason to move."""
    constrained = price("constrained")
    for step in range(12):
        full, empty = 1.0 * 0.5**step, 3.0 * 0.5**step
        constrained.measure(loss(full + 0.15 * (empty - full)), loss(full), loss(empty))
        if constrained.gap > LEAST_GAP:
            constrained.ascend()
            assert constrained.alpha == pytest.approx(0.5)


def test_the_constrained_price_stays_within_its_bounds():
    low, high = (price("constrained", loss_masked=nll, loss_full=1.0, loss_empty=3.0) for nll in (9.0, -9.0))
    for _ in range(250):
        low.ascend()
        high.ascend()
    assert (low.alpha, high.alpha) == (LOWEST_ALPHA, HIGHEST_ALPHA)
    assert HIGHEST_ALPHA < 1  # or masking everything would be cheaper than keeping everything


RUNS = [64, 189, 225, 800, 5607, 20_000]
"""Generator steps: by default 189 of 250 questions, 225 of the 300 of SVAMP's preset, 5,607 of all 7,473 of GSM8K."""


@pytest.mark.parametrize("steps", RUNS)
def test_masking_that_loses_nothing_has_its_price_at_the_bound_in_time(steps):
    free = Price("constrained", 0.3, tolerance=0.15, rate=dual_rate(steps))
    free.measure(loss(1.0), loss(1.0), loss(3.0))
    for _ in range(round(0.6 * steps)):
        free.ascend()
    assert free.alpha == HIGHEST_ALPHA


@pytest.mark.parametrize("steps", RUNS)
@pytest.mark.parametrize(
    ("start", "every", "off", "most"),
    [
        (0.6, MEASURE_EVERY, 0.075, 0.32),  # by default, where every step is the generator's
        (0.3, MEASURE_EVERY * 2 // 3, 0.06, 0.22),  # as the nano preset has it: every third is the predictor's alone
    ],
)
def test_dual_ascent_ends_at_the_tolerated_loss_whether_steps_are_few_or_many(steps, start, every, off, most):
    """A generator that takes 15 steps to answer a price: with keep rate k the share (1 - k)^2 / 2 is lost, so that
    k = 1 - alpha is cheapest, and alpha = sqrt(.3) loses just what is tolerated. A loss is measured `every` steps."""
    constrained = Price("constrained", start, tolerance=0.15, rate=dual_rate(steps))
    keep_rate, lost = 0.9, []
    for step in range(steps):
        keep_rate += (1 - constrained.alpha - keep_rate) / 15
        lost.append((1 - keep_rate) ** 2 / 2)
        if step % every == 0:
            constrained.measure(loss(1.0 + 2.0 * lost[-1]), loss(1.0), loss(3.0))
        constrained.ascend()
    last = lost[-(steps // 4) :]
    # A run of 225 steps or fewer has no time to swing in: it may be `off` in the end, and lose `most` on the way.
    few = steps <= 225
    assert sum(last) / len(last) == pytest.approx(0.15, abs=off if few else 0.001)
    assert max(lost) < (most if few else 0.21), "the price ran past what the generator could follow"


@pytest.mark.parametrize("objective", ["fixed", "relative"])
def test_the_other_prices_do_not_move(objective):
    still = price(objective, loss_masked=9.0, loss_full=1.0, loss_empty=3.0)
    still.ascend()
    assert still.alpha == 0.5


def test_a_price_that_has_measured_nothing_does_not_move():
    unmeasured = price("constrained")
    unmeasured.ascend()
    assert unmeasured.alpha == 0.5


def test_a_price_goes_through_plain_values_and_back():
    before = price("constrained", loss_full=1.0)
    before.measure(loss(2.0), loss(1.0), loss(3.0))
    before.ascend()
    assert Price(**before.values()) == before


LOSSES = {"spread": 0.2, "nll_masked": 1.0, "nll_full": 0.5, "nll_empty": 3.0}


@pytest.mark.parametrize("keep_rate", [0.0, 0.019, 0.981, 1.0, float("nan")])
def test_weights_that_tell_nothing_apart_are_called_collapsed(keep_rate):
    said = collapse_warning(keep_rate, **LOSSES)
    assert said.startswith("Weights collapsed") and "outside 2.0% to 98.0% (weights can be 0.0% to 100.0%)" in said


@pytest.mark.parametrize(("keep_rate", "collapsed"), [(0.018, True), (0.037, True), (0.038, False), (0.5, False),
                                                      (0.962, False), (0.963, True), (0.982, True)])  # fmt: skip
def test_the_alarm_goes_by_what_bounded_logits_can_reach(keep_rate, collapsed):
    # sigmoid(-4) = .01799, and .01799 + .02 * (1 - 2 * .01799) = .03727
    said = collapse_warning(keep_rate, **LOSSES, logit_bound=4.0)
    assert (said is not None) == collapsed
    assert said is None or "outside 3.7% to 96.3% (weights can be 1.8% to 98.2%)" in said


@pytest.mark.parametrize(("spread", "collapsed"), [(0.0, True), (0.0199, True), (0.02, False)])
def test_weights_that_are_all_the_same_are_called_collapsed(spread, collapsed):
    """Wherever they lie: with 4.7% kept, each as likely, a masked rationale is a little better than none."""
    said = collapse_warning(0.047, **LOSSES | {"spread": spread, "nll_masked": 1.7}, logit_bound=6.0)
    assert (said is not None) == collapsed
    assert said is None or f"about the same, 4.7% on average with a standard deviation of {spread:.3f} (below" in said


def test_weights_that_leave_nothing_of_the_rationale_are_called_collapsed():
    said = collapse_warning(0.5, **LOSSES | {"nll_masked": 3.0})
    assert "Weights collapsed" in said and "3.000, no better than 3.000 without one" in said


def test_weights_of_a_predictor_that_does_not_use_rationales_are_called_collapsed():
    said = collapse_warning(0.5, **LOSSES | {"nll_masked": 2.0, "nll_full": 2.96})
    assert "Weights collapsed" in said and "2.960 with the whole rationale and 3.000 without" in said
    assert collapse_warning(0.5, **LOSSES | {"nll_masked": 2.0, "nll_full": 2.94}) is None


@pytest.mark.parametrize(("masked", "collapsed"), [(2.9, True), (1.76, True), (1.74, False), (0.4, False)])
def test_weights_that_lose_more_than_half_of_what_rationales_are_worth_are_called_collapsed(masked, collapsed):
    said = collapse_warning(0.5, **LOSSES | {"nll_masked": masked})  # half way from .5 to 3: 1.75
    assert (said is not None) == collapsed
    assert said is None or f"masking loses {(masked - 0.5) / 2.5:.0%} of what rationales are worth" in said


@pytest.mark.parametrize("keep_rate", [0.02, 0.5, 0.98])
def test_weights_that_say_something_are_not(keep_rate):
    assert collapse_warning(keep_rate, **LOSSES | {"nll_masked": 1.7}) is None


@pytest.mark.parametrize(("first", "is_said"), [(1.0, True), (0.7, True), (0.6, False), (None, False)])
def test_a_collapse_of_a_predictor_that_knows_its_answers_by_heart_says_so(first, is_said):
    losses = LOSSES | {"nll_masked": 0.4, "nll_full": 0.3, "nll_empty": 0.4, "first_empty": first}  # .6 * .7 = .42
    said = collapse_warning(0.018, **losses, logit_bound=4.0)
    assert said.startswith("Weights collapsed: 1.8%") and ("by heart" in said) == is_said
    assert not is_said or f"has fallen from {first:.3f} to 0.400" in said
    # Who has learned the form of an answer alone is still guessing: ln 10 a digit.
    guessing = {name: value and 6 * value for name, value in losses.items() if name != "spread"}
    assert "by heart" not in collapse_warning(0.018, spread=0.2, **guessing, logit_bound=4.0)
    assert collapse_warning(0.5, **losses | {"nll_masked": 0.25, "nll_full": 0.2}) is None  # no collapse, no warning
