"""The mask-learning loss (Eq. 5 to 7) and how the price of keeping a token is set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import exp

import torch
from torch import Tensor

LOWEST_ALPHA, HIGHEST_ALPHA = 0.02, 0.9  # below 1 the full rationale always beats none (in units of the gap)
DUAL_TRAVEL = 25.0  # of ln(alpha) over all of a run's generator steps, were the excess 1
SLOWEST_DUAL, FASTEST_DUAL = 0.01, 0.2  # a step; faster, alpha is wound up before the generator has answered
COLLAPSED = 0.02  # of what weights can reach: a mean so near to either end tells nothing apart
FLAT = 0.02  # standard deviation of the weights: where none is further from the mean, none says more than another
MOST_LOST = 0.5  # of what rationales are worth: a masked one nearer to none than to the whole does not stand for it
BY_HEART = 0.6  # of the first NLL without a rationale: who comes so far below it
KNOWN = 1.0  # nats a token, and below this, knows the answers; guessing a digit has ln 10 = 2.3
LEAST_GAP = 0.05  # nats: a rationale that is worth less is no unit to measure in


def answer_loss(logits_NV: Tensor, targets_N: Tensor, row_N: Tensor, num_rows: int) -> Tensor:
    """NLL of the answers: mean over the prefixes and answer tokens of a rationale, then over rationales (Eq. 5).

    The paper sums over prefixes; a mean keeps alpha comparable between short and long rationales. Rationales without
    such a token are left out; 0 where no rationale has one.
    """
    nll_N = torch.nn.functional.cross_entropy(logits_NV.float(), targets_N, reduction="none")
    sums_B = torch.zeros(num_rows, dtype=nll_N.dtype, device=nll_N.device).index_add_(0, row_N, nll_N)
    counts_B = torch.bincount(row_N, minlength=num_rows)
    return (sums_B / counts_B.clamp(min=1)).sum() / (counts_B > 0).sum().clamp(min=1)


@dataclass(frozen=True)
class RationaleLoss:
    """What a rationale, masked or not, leaves predictable, in nats a token: the NLL of the answers (Eq. 5) and of the
    continuations, each a mean as in `answer_loss`; `rest` is None where no continuation counts.

    The continuation is not in the paper. Where an answer is the last result, it is all that Eq. 5 asks for: results of
    earlier steps are worth nothing to the answer, but to the steps that go on from them.
    """

    answers: Tensor
    rest: Tensor | None = None
    rest_weight: float = 0.0

    @property
    def total(self) -> Tensor:
        """What mask learning minimises: answers + rest_weight * rest. Without a rest it is Eq. 5."""
        return self.answers if self.rest is None else self.answers + self.rest_weight * self.rest

    def figures(self, name: str) -> dict[str, float]:
        """To log: `nll_NAME` of the answers and `rest_NAME` of the continuations."""
        rest = {} if self.rest is None else {f"rest_{name}": self.rest.item()}
        return {f"nll_{name}": self.answers.item()} | rest


def rationale_loss(
    logits_NV: Tensor, targets_N: Tensor, row_N: Tensor, continues_N: Tensor, num_rows: int, rest_weight: float
) -> RationaleLoss:
    """The NLL of the predicted tokens (N,) of a batch, by whether they are of an answer or of a continuation."""
    answers_N = ~continues_N
    answers = answer_loss(logits_NV[answers_N], targets_N[answers_N], row_N[answers_N], num_rows)
    if not rest_weight or not continues_N.any():
        return RationaleLoss(answers)
    rest = answer_loss(logits_NV[continues_N], targets_N[continues_N], row_N[continues_N], num_rows)
    return RationaleLoss(answers, rest, rest_weight)


def keep_cost(logits_BM: Tensor, valid_BM: Tensor) -> Tensor:
    """Mean weight of the tokens of a rationale, then over rationales: the expectation of Eq. 6."""
    weights_BM = torch.sigmoid(logits_BM) * valid_BM
    return (weights_BM.sum(1) / valid_BM.sum(1)).mean()


@dataclass
class Price:
    """The price of keeping a token, and what the rationale is worth: plain numbers, so that a checkpoint holds them.

    gap = loss_empty - loss_full is what a rationale is worth, in nats: to the answer and, times `rest_weight`, to its
    own continuation (`RationaleLoss.total`). `fixed` takes alpha as given in nats (the paper), `relative` in units of
    the gap; `constrained` raises alpha while masking loses less than `tolerance` of the gap and lowers it otherwise
    (dual ascent): alpha *= exp(-rate * clip((loss_masked - loss_full) / gap - tolerance, -tolerance, tolerance)).

    So it falls no faster than it can rise. At first masks are not graded yet, and lose half of what there is: a price
    that follows at once is soon so low that all is kept, and some seeds begin to grade an epoch later than others.

    All three losses are running means over the same batches. They fall as the predictor learns, on few questions its
    answers by heart: set against a mean of earlier batches every mask would seem to lose nothing, and alpha would rise
    until nothing is kept (which is what happened, on 200 questions of GSM8K). nll_full, nll_empty: the same of the
    answers alone, to be shown. first_empty: the latter when mask learning began, on its first batch.
    """

    objective: str
    alpha: float
    tolerance: float
    rate: float
    loss_full: float | None = None
    loss_empty: float | None = None
    loss_masked: float | None = None
    nll_full: float | None = None
    nll_empty: float | None = None
    first_empty: float | None = None
    smoothing: float = 0.6

    @property
    def gap(self) -> float:
        """Never under `LEAST_GAP`: with a rationale that is worth nothing there is no unit to measure in."""
        if self.loss_full is None or self.loss_empty is None:
            return 1.0
        return max(LEAST_GAP, self.loss_empty - self.loss_full)

    def measure(self, masked: RationaleLoss, full: RationaleLoss, empty: RationaleLoss) -> None:
        """Note the losses of a batch with its rationales masked as now learned, whole and masked away."""
        self.loss_masked = self._smooth(self.loss_masked, masked.total)
        self.loss_full = self._smooth(self.loss_full, full.total)
        self.loss_empty = self._smooth(self.loss_empty, empty.total)
        self.nll_full = self._smooth(self.nll_full, full.answers)
        self.nll_empty = self._smooth(self.nll_empty, empty.answers)
        if self.first_empty is None:
            self.first_empty = empty.answers.item()

    def loss(self, loss_masked: Tensor, cost: Tensor) -> Tensor:
        """Eq. 7: loss + alpha * cost, the loss in units of the gap unless the price is fixed."""
        unit = 1.0 if self.objective == "fixed" else self.gap
        return loss_masked / unit + self.alpha * cost

    def ascend(self) -> None:
        """Move alpha by what masking loses, where it is constrained and that was measured."""
        if self.objective == "constrained" and self.loss_masked is not None and self.loss_full is not None:
            excess = (self.loss_masked - self.loss_full) / self.gap - self.tolerance
            moved = self.alpha * exp(-self.rate * min(self.tolerance, max(-self.tolerance, excess)))
            self.alpha = min(HIGHEST_ALPHA, max(LOWEST_ALPHA, moved))

    def values(self) -> dict[str, float | str | None]:
        return asdict(self)

    def _smooth(self, old: float | None, new: Tensor) -> float:
        return new.item() if old is None else self.smoothing * old + (1 - self.smoothing) * new.item()


def dual_rate(num_steps: int) -> float:
    """The rate of dual ascent for so many steps of the generator: alpha gets equally far in few as in many.

    Masking that loses nothing is `tolerance` (.15) below what it may lose, and so moves ln(alpha) by 25 * .15 over a
    run: from .6 to its upper bound in the first ninth.
    """
    return min(FASTEST_DUAL, max(SLOWEST_DUAL, DUAL_TRAVEL / max(1, num_steps)))


def collapse_warning(
    keep_rate: float,
    *,
    nll_masked: float,
    nll_full: float,
    nll_empty: float,
    spread: float,
    logit_bound: float = 0.0,
    first_empty: float | None = None,
) -> str | None:
    """Why the weights mean nothing, or None; by the answer's NLL with rationales masked, whole and without.

    The keep rate is within 2% of either end of what weights can reach, sigmoid(-b) to sigmoid(b) for logits bounded by
    b (0: no bound, 0 to 1); all weights are the same (their standard deviation, `spread`, is below .02); the masked
    rationale is no better than none; or even the full one is not; or the masked one is nearer to none than to the full
    one. `first_empty` is the NLL without rationales when mask learning began: where it has fallen far, and to less than
    a nat, the warning says what that means.
    """
    found = _collapse(keep_rate, spread, nll_masked, nll_full, nll_empty, logit_bound)
    if found is None or first_empty is None or nll_empty > min(KNOWN, BY_HEART * first_empty):
        return found
    return (
        f"{found} Without a rationale the answer's NLL has fallen from {first_empty:.3f} to {nll_empty:.3f}: the "
        "answer predictor learned the answers to these questions by heart, and needs no rationale for them any more. "
        "More questions or fewer epochs prevent that."
    )


def _collapse(
    keep_rate: float, spread: float, nll_masked: float, nll_full: float, nll_empty: float, logit_bound: float
) -> str | None:
    lowest = 1 / (1 + exp(logit_bound)) if logit_bound else 0.0
    margin = COLLAPSED * (1 - 2 * lowest)
    low, high = lowest + margin, 1 - lowest - margin
    if not low <= keep_rate <= high:
        return (
            f"Weights collapsed: {keep_rate:.1%} of the tokens are kept on average, outside {low:.1%} to {high:.1%} "
            f"(weights can be {lowest:.1%} to {1 - lowest:.1%}). They tell keypoints from other tokens no better than "
            "chance; try more warm-up epochs, another seed or objective=constrained."
        )
    if spread < FLAT:
        return (
            f"Weights collapsed: all tokens weigh about the same, {keep_rate:.1%} on average with a standard deviation "
            f"of {spread:.3f} (below {FLAT}). They tell keypoints from other tokens no better than chance; try more "
            "questions or epochs, another seed or objective=constrained."
        )
    if nll_masked >= nll_empty:
        return (
            f"Weights collapsed: with the masked rationale the answer's NLL is {nll_masked:.3f}, no better than "
            f"{nll_empty:.3f} without one. Try more warm-up epochs, another seed or objective=constrained."
        )
    if nll_empty - nll_full < LEAST_GAP:
        return (
            f"Weights collapsed: the answer's NLL is {nll_full:.3f} with the whole rationale and "
            f"{nll_empty:.3f} without one. The answer predictor does not use rationales, so no token of them "
            "matters to it; try more warm-up epochs."
        )
    if (lost := (nll_masked - nll_full) / (nll_empty - nll_full)) > MOST_LOST:
        return (
            f"Weights collapsed: the answer's NLL is {nll_full:.3f} with the whole rationale, {nll_empty:.3f} without "
            f"one and {nll_masked:.3f} with the masked one, so that masking loses {lost:.0%} of what rationales are "
            "worth. What is kept does not stand for them; try a lower price (alpha, tolerance) or "
            "objective=constrained."
        )
    return None
