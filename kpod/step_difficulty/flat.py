"""Step difficulty of a whole data set at once, over flat token arrays (Eq. 8)."""

from __future__ import annotations

import numpy as np

from kpod.errors import InputError
from kpod.step_difficulty.single import checked_tokens


def flat_step_difficulties(
    token_nlls, token_weights, token_steps, token_offsets, weighting="softmax", temperature=1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Difficulties of every step of every rationale, in nats, and where each rationale's steps start (Eq. 8).

    The token arrays (tokens,) hold the rationales one after the other; rationale i owns the tokens
    `token_offsets[i]:token_offsets[i + 1]`, and its `token_steps` count from 0. Returns `difficulties`
    (steps,) and `step_offsets` (rationales + 1,): rationale i owns
    `difficulties[step_offsets[i]:step_offsets[i + 1]]`. Equal to `step_difficulties` of each rationale;
    same options and errors. Linear in the tokens where each rationale's tokens stand in the order of
    their steps, a stable sort otherwise.
    """
    nlls, weights, steps = checked_tokens(token_nlls, token_weights, token_steps, weighting, temperature)
    offsets = _checked_offsets(token_offsets, len(nlls))
    steps_per_rationale = np.maximum.reduceat(steps, offsets[:-1]) + 1
    step_offsets = np.concatenate([[0], np.cumsum(steps_per_rationale)])
    flat_steps = steps + np.repeat(step_offsets[:-1], np.diff(offsets))
    tokens_per_step = np.bincount(flat_steps, minlength=step_offsets[-1])
    if (tokens_per_step == 0).any():
        empty = int(np.flatnonzero(tokens_per_step == 0)[0])
        rationale = int(np.searchsorted(step_offsets, empty, side="right")) - 1
        raise InputError(f"step {empty - step_offsets[rationale]} of rationale {rationale} has no token")
    if weighting == "raw":
        return np.bincount(flat_steps, weights=nlls) / tokens_per_step, step_offsets
    scores = weights / temperature
    if (np.diff(flat_steps) < 0).any():
        order = np.argsort(flat_steps, kind="stable")
        flat_steps, scores, nlls = flat_steps[order], scores[order], nlls[order]
    firsts = np.concatenate([[0], np.cumsum(tokens_per_step)[:-1]])
    # The largest score is taken off first, or a low temperature overflows.
    shares = np.exp(scores - np.repeat(np.maximum.reduceat(scores, firsts), tokens_per_step))
    difficulties = np.add.reduceat(shares * nlls, firsts) / np.add.reduceat(shares, firsts)
    return difficulties, step_offsets


def _checked_offsets(token_offsets, num_tokens: int) -> np.ndarray:
    offsets = np.asarray(token_offsets)
    good = (
        offsets.ndim == 1
        and len(offsets) >= 2
        and np.issubdtype(offsets.dtype, np.integer)
        and offsets[0] == 0
        and offsets[-1] == num_tokens
        and (np.diff(offsets) > 0).all()
    )
    if not good:
        raise InputError(
            f"token_offsets must be rising integers from 0 to the number of tokens ({num_tokens}), "
            "with at least one token for each rationale"
        )
    return offsets.astype(np.int64)
