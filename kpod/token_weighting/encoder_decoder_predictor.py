"""Answer predictors of encoder-decoder models: every prefix encoded for itself, or all in one pass of the encoder.

The encoder reads `question | rationale prefix`, the decoder trigger and answer. In one pass the question does not see
the rationale, and a rationale token sees the question and the rationale up to itself: then no prefix depends on what
comes after it, and the decoder's cross-attention alone chooses the prefix. An encoder trained in both directions
reads a prefix otherwise when it is encoded for itself, so the two differ; mask learning reports by how much.
"""

# Shapes: B rationales, P prefixes of all of them, L tokens of the longest question and rationale, T of the longest
# trigger and answer, M of the longest rationale, D width, N predicted answer tokens, V vocabulary.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from kpod.prompts import EncodedExample
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.predictor import AnswerPredictor


@dataclass(frozen=True)
class EncoderDecoderBatch:
    """What is encoded, and what is decoded for every prefix of it.

    input_ids_BL, rationale_BL: question and rationale, right-padded, and which are the rationale's. num_question_B,
    length_B: tokens of the question, and of both. row_P, end_P: the rationale of a prefix, and how many encoded
    tokens it reaches. decoder_ids_PT, predicts_PT: start, trigger and answer but for its last token, and where an
    answer token is predicted. targets_N, row_N: the token and its rationale, in the row-major order of predicts_PT.
    """

    input_ids_BL: Tensor
    rationale_BL: Tensor
    num_question_B: Tensor
    length_B: Tensor
    row_P: Tensor
    end_P: Tensor
    decoder_ids_PT: Tensor
    predicts_PT: Tensor
    targets_N: Tensor
    row_N: Tensor


class EncoderDecoderPredictor(AnswerPredictor):
    """Predicts answers with an encoder-decoder model. `one_pass`: encode once with a causal rationale."""

    def __init__(self, model: Any, *, one_pass: bool, **more: Any):
        super().__init__(model, **more)
        self.one_pass = one_pass

    def batch(self, examples: Sequence[EncodedExample], prefixes: Sequence[Sequence[int]]) -> EncoderDecoderBatch:
        return build_batch(examples, prefixes, self.pad_id, self.model.config.decoder_start_token_id)

    def answer_logits(self, batch: EncoderDecoderBatch, mask_BM: Tensor, mask_embedding_D: Tensor | None) -> Tensor:
        inputs_BLD, bias_BL = self.masked_inputs(batch, mask_BM, mask_embedding_D)
        row_P, end_P = batch.row_P.to(self.device), batch.end_P.to(self.device)
        if self.one_pass:
            allowed_BLL = block_causal(batch.num_question_B, batch.length_B).to(self.device)
            states_BLD = self._encode(inputs_BLD, _scores(allowed_BLL, bias_BL, inputs_BLD.dtype))
            states_PLD = states_BLD[row_P]
        else:
            lengths = torch.arange(inputs_BLD.shape[1], device=self.device) < end_P[:, None]
            bias_PL = None if bias_BL is None else bias_BL[row_P]
            states_PLD = self._encode(inputs_BLD[row_P], _scores(lengths[:, None], bias_PL, inputs_BLD.dtype))
        reached_P1L = (torch.arange(states_PLD.shape[1], device=self.device) < end_P[:, None])[:, None]
        bias_PL = None if bias_BL is None else bias_BL[row_P]
        return logits_at(
            self.model,
            batch.predicts_PT.to(self.device),
            encoder_outputs=BaseModelOutput(last_hidden_state=states_PLD),
            attention_mask=_scores(reached_P1L, bias_PL, states_PLD.dtype),
            decoder_input_ids=batch.decoder_ids_PT.to(self.device),
        )

    def _encode(self, inputs: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model.get_encoder()(inputs_embeds=inputs, attention_mask=attention_mask).last_hidden_state


def build_batch(
    examples: Sequence[EncodedExample], prefixes: Sequence[Sequence[int]], pad_id: int, start_id: int
) -> EncoderDecoderBatch:
    """Question and rationale for the encoder, and one row for the decoder a prefix; right-padded."""
    length_B = torch.tensor([example.rationale_end for example in examples])
    num_question_B = torch.tensor([example.num_question for example in examples])
    column_L = torch.arange(int(length_B.max()))
    decoded, predicts, targets, row_P, row_N = [], [], [], [], []
    for row, (example, lengths) in enumerate(zip(examples, prefixes, strict=True)):
        base, (start, end) = example.rationale_end, example.answer_positions
        # The last answer token is only predicted, never read.
        ids = np.concatenate([[start_id], example.input_ids[base : end - 1]])
        for _ in lengths:
            decoded.append(torch.from_numpy(ids))
            predicts.append(torch.arange(len(ids)) >= start - base)
            targets.append(torch.from_numpy(example.input_ids[start:end]))
        row_P += [row] * len(lengths)
        row_N += [row] * (len(lengths) * (end - start))
    pad = torch.nn.utils.rnn.pad_sequence
    return EncoderDecoderBatch(
        input_ids_BL=pad(
            [torch.from_numpy(each.input_ids[: each.rationale_end]) for each in examples],
            batch_first=True,
            padding_value=pad_id,
        ),
        rationale_BL=(column_L >= num_question_B[:, None]) & (column_L < length_B[:, None]),
        num_question_B=num_question_B,
        length_B=length_B,
        row_P=torch.tensor(row_P),
        end_P=num_question_B[row_P] + torch.tensor([length for lengths in prefixes for length in lengths]),
        decoder_ids_PT=pad(decoded, batch_first=True, padding_value=pad_id),
        predicts_PT=pad(predicts, batch_first=True, padding_value=False),
        targets_N=torch.cat(targets),
        row_N=torch.tensor(row_N),
    )


def block_causal(num_question_B: Tensor, length_B: Tensor) -> Tensor:
    """Who sees whom, (B, L, L): the question itself, a rationale token the question and the rationale up to itself."""
    column_L = torch.arange(int(length_B.max()))
    question_BL = column_L < num_question_B[:, None]
    causal_LL = column_L[None] <= column_L[:, None]
    # Padding lies behind and sees all before it: a row that sees nothing would be NaN, and nothing reads it.
    return (question_BL[:, :, None] & question_BL[:, None]) | (~question_BL[:, :, None] & causal_LL)


def _scores(allowed: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores, (rows, 1, queries or 1, keys): 0 or the dtype's lowest, and the keys' bias."""
    scores = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
    scores = scores.masked_fill(~allowed, torch.finfo(dtype).min)
    return (scores if bias is None else scores + bias[:, None].to(dtype))[:, None]
