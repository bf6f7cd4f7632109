"""Step difficulty of one rationale (Eq. 8): the plain form that the flat one is held against."""

from __future__ import annotations

import numpy as np

from kpod.errors import InputError

WEIGHTINGS = ("softmax", "raw")


def step_difficulties(token_nlls, token_weights, token_steps, weighting="softmax", temperature=1.0) -> np.ndarray:
    """Difficulty of every step of one rationale, in nats: d_k = sum_j softmax(w)_j * NLL_j (Eq. 8).

    `token_nlls` (tokens,) are the teacher-forced NLLs under the student before distillation, in nats;
    `token_weights` (tokens,) the learned significances w in 0..1; `token_steps` (tokens,) the 0-based
    step of each token, every step 0..max holding at least one. The softmax runs over the tokens of one
    step, of w / `temperature`. Returns (steps,).

    `weighting="raw"` leaves the significance out (the paper's -sig-dif) and ignores `token_weights`. It
    is the *mean* NLL of the step: what Eq. 8 gives for equal weights, so that nothing but the
    significance changes (a sum would bring in the length of the step as well).

    Raises InputError on unequal lengths, NaN, negative NLLs, weights outside 0..1, an empty step, an
    unknown weighting or a temperature that is not positive.
    """
    nlls, weights, steps = checked_tokens(token_nlls, token_weights, token_steps, weighting, temperature)
    difficulties = np.zeros(int(steps.max()) + 1)
    for step in range(len(difficulties)):
        mine = steps == step
        if not mine.any():
            raise InputError(f"step {step} has no token; every step 0..{len(difficulties) - 1} needs at least one")
        scores = weights[mine] / temperature if weighting == "softmax" else np.zeros(mine.sum())
        shares = np.exp(scores - scores.max())
        difficulties[step] = (shares / shares.sum() * nlls[mine]).sum()
    return difficulties


def checked_tokens(token_nlls, token_weights, token_steps, weighting, temperature):
    """The three token arrays as float64, float64 and int64, or an InputError."""
    if weighting not in WEIGHTINGS:
        raise InputError(f"unknown weighting {weighting!r}; choose one of {', '.join(WEIGHTINGS)}")
    if not np.isfinite(temperature) or temperature <= 0:
        raise InputError(f"temperature is {temperature}; it must be a positive number (1 is Eq. 8)")
    nlls = np.asarray(token_nlls, dtype=np.float64)
    # `raw` uses no weights, so a run without any may pass None.
    weights = np.zeros_like(nlls) if weighting == "raw" else np.asarray(token_weights, dtype=np.float64)
    steps = np.asarray(token_steps)
    if nlls.ndim != 1 or nlls.shape != weights.shape or nlls.shape != steps.shape:
        raise InputError(
            f"token_nlls, token_weights and token_steps have shapes {nlls.shape}, {weights.shape} and "
            f"{steps.shape}; they must be one-dimensional and of one length"
        )
    if len(nlls) == 0:
        raise InputError("no tokens arrived; a rationale needs at least one")
    if not np.isfinite(nlls).all() or (nlls < 0).any():
        raise InputError("token_nlls hold a NaN, an infinite or a negative value; an NLL is finite and at least 0")
    if not ((weights >= 0) & (weights <= 1)).all():
        raise InputError("token_weights hold a NaN or a value outside 0..1; pass the sigmoid outputs w")
    if not np.issubdtype(steps.dtype, np.integer) or (steps < 0).any():
        raise InputError("token_steps must be 0-based integers, none negative")
    return nlls, weights, steps.astype(np.int64)
