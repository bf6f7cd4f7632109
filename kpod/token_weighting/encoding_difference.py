"""How far one pass of a causal encoder is from encoding every prefix for itself: measured once, on one batch."""

# Shapes: B rationales, M tokens of the longest, N predicted answer tokens, V vocabulary.

from __future__ import annotations

import torch

from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.predictor import RationaleBatch


@torch.no_grad()
def encoding_difference(learner: MaskLearner, batch: RationaleBatch) -> dict[str, float]:
    """The answers' mean NLL (nats a token) under both encodings of the whole, unmasked rationales' prefixes, and the
    mean absolute difference of a token's NLL; nothing for a causal predictor, whose one pass is exact."""
    predictor = learner.predictor
    if not isinstance(predictor, EncoderDecoderPredictor):
        return {}
    size = int(batch.rationale_BL.sum(1).max())
    full_BM = torch.ones(len(batch.input_ids_BL), size, device=learner.device)
    answers_N = ~batch.continues_N.to(learner.device)
    targets_N, chosen = batch.targets_N.to(learner.device)[answers_N], predictor.one_pass
    nlls = {}
    for one_pass in (False, True):
        predictor.one_pass = one_pass
        logits_NV = predictor.answer_logits(batch, full_BM, learner.mask_embedding_D)
        nlls[one_pass] = torch.nn.functional.cross_entropy(logits_NV[answers_N].float(), targets_N, reduction="none")
    predictor.one_pass = chosen
    return {
        "nll_exact": nlls[False].mean().item(),
        "nll_one_pass": nlls[True].mean().item(),
        "encoding_difference": (nlls[True] - nlls[False]).abs().mean().item(),
    }
