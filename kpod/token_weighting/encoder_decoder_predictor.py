"""Answer predictors of encoder-decoder models: every prefix encoded for itself, or all in one pass of the encoder.

The encoder reads `question | rationale prefix`, the decoder writes trigger and answer, or what follows the prefix in
the rationale. Encoded for itself a prefix is
closed as the model closes every text (T5's </s>), and this is exact. In one pass the question does not see the
rationale, a rationale token sees the question and the rationale up to itself, and nothing closes a prefix: then no
token depends on what comes after it, and the decoder's cross-attention alone chooses the prefix. The model was trained
otherwise, so the two differ; mask learning reports by how much.
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
from torch.nn.utils.rnn import pad_sequence
from transformers.modeling_outputs import BaseModelOutput

from kpod.prompt_pairs import EncodedPair
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.predictor import AnswerPredictor
from kpod.token_weighting.prefixes import Continuation


@dataclass(frozen=True)
class EncoderDecoderBatch:
    """What is encoded, and what is decoded for every prefix of it.

    input_ids_BL, rationale_BL: `question | rationale | closing`, right-padded, and which tokens are the rationale's.
    num_question_B, length_B, num_closing_B: tokens of the question, of question and rationale, and that close both.
    row_P, end_P: the rationale of a prefix, and how many tokens of question and rationale it holds. decoder_ids_PT,
    predicts_PT: start, trigger and answer (or start and continuation) but for the last token, and where a token is
    predicted. targets_N, row_N, continues_N: the token, its rationale, and whether it is of a continuation, in the
    row-major order of predicts_PT. num_tokens: without padding, every row of the encoder once.
    """

    input_ids_BL: Tensor
    rationale_BL: Tensor
    num_question_B: Tensor
    length_B: Tensor
    num_closing_B: Tensor
    row_P: Tensor
    end_P: Tensor
    decoder_ids_PT: Tensor
    predicts_PT: Tensor
    targets_N: Tensor
    row_N: Tensor
    continues_N: Tensor
    num_tokens: int


class EncoderDecoderPredictor(AnswerPredictor):
    """Predicts answers with an encoder-decoder model. `one_pass`: encode once, with a causal rationale."""

    def __init__(self, model: Any, *, one_pass: bool, **more: Any):
        super().__init__(model, **more)
        self.one_pass = one_pass

    def batch(
        self,
        examples: Sequence[EncodedPair],
        prefixes: Sequence[Sequence[int]],
        continuations: Sequence[Continuation | None] | None = None,
    ) -> EncoderDecoderBatch:
        start_id = self.model.config.decoder_start_token_id
        return build_batch(examples, prefixes, self.pad_id, start_id, continuations)

    def answer_logits(self, batch: EncoderDecoderBatch, mask_BM: Tensor, mask_embedding_D: Tensor | None) -> Tensor:
        inputs_BLD, bias_BL = self.masked_inputs(batch, mask_BM, mask_embedding_D)
        row_P1 = batch.row_P[:, None].to(self.device)
        columns_PL, read_PL = (each.to(self.device) for each in prefix_columns(batch, closed=not self.one_pass))
        bias_PL = None if bias_BL is None else bias_BL[row_P1, columns_PL]
        if self.one_pass:
            allowed_BLL = block_causal(batch.num_question_B, inputs_BLD.shape[1]).to(self.device)
            states_BLD = self._encode(inputs_BLD, _scores(allowed_BLL, bias_BL, inputs_BLD.dtype))
            states_PLD = states_BLD[row_P1, columns_PL]
        else:
            inputs_PLD = inputs_BLD[row_P1, columns_PL]
            states_PLD = self._encode(inputs_PLD, _scores(read_PL[:, None], bias_PL, inputs_BLD.dtype))
        return logits_at(
            self.model,
            batch.predicts_PT.to(self.device),
            encoder_outputs=BaseModelOutput(last_hidden_state=states_PLD),
            attention_mask=_scores(read_PL[:, None], bias_PL, states_PLD.dtype),
            decoder_input_ids=batch.decoder_ids_PT.to(self.device),
        )

    def _encode(self, inputs: Tensor, attention_mask: Tensor) -> Tensor:
        return self.model.get_encoder()(inputs_embeds=inputs, attention_mask=attention_mask).last_hidden_state


def build_batch(
    examples: Sequence[EncodedPair],
    prefixes: Sequence[Sequence[int]],
    pad_id: int,
    start_id: int,
    continuations: Sequence[Continuation | None] | None = None,
) -> EncoderDecoderBatch:
    """One row for the encoder an example, and one for the decoder a prefix, its continuation last; right-padded."""
    rows = [_one_row(example, start_id) for example in examples]
    continuations = continuations or [None] * len(examples)
    read_P = [
        read
        for index, (row, lengths, continuation) in enumerate(zip(rows, prefixes, continuations, strict=True))
        for read in _decoded(index, row, lengths, continuation)
    ]
    row_P = np.array([read.row for read in read_P])
    num_question_B = torch.tensor([len(row.question) for row in rows])
    length_B = num_question_B + torch.tensor([example.num_rationale for example in examples])
    encoded = [
        np.concatenate([row.question, example.rationale_ids, row.closing])
        for row, example in zip(rows, examples, strict=True)
    ]
    input_ids_BL = pad_sequence([torch.from_numpy(ids) for ids in encoded], batch_first=True, padding_value=pad_id)
    column_L = torch.arange(input_ids_BL.shape[1])
    counts_P = [len(read.targets) for read in read_P]
    return EncoderDecoderBatch(
        input_ids_BL=input_ids_BL,
        rationale_BL=(column_L >= num_question_B[:, None]) & (column_L < length_B[:, None]),
        num_question_B=num_question_B,
        length_B=length_B,
        num_closing_B=torch.tensor([len(row.closing) for row in rows]),
        row_P=torch.from_numpy(row_P),
        end_P=num_question_B[row_P] + torch.tensor([read.length for read in read_P]),
        decoder_ids_PT=pad_sequence([read.decoder for read in read_P], batch_first=True, padding_value=pad_id),
        predicts_PT=pad_sequence([read.predicts for read in read_P], batch_first=True, padding_value=False),
        targets_N=torch.cat([read.targets for read in read_P]),
        row_N=torch.from_numpy(np.repeat(row_P, counts_P)),
        continues_N=torch.from_numpy(np.repeat([read.continues for read in read_P], counts_P)),
        num_tokens=sum(map(len, encoded)) + sum(len(read.decoder) for read in read_P),
    )


@dataclass(frozen=True)
class _Decoded:
    """What the decoder writes after a prefix of `length` tokens of a row's rationale."""

    row: int
    length: int
    decoder: Tensor
    predicts: Tensor
    targets: Tensor
    continues: bool


def _decoded(index: int, row: _Row, lengths: Sequence[int], continuation: Continuation | None) -> list[_Decoded]:
    found = [_Decoded(index, length, row.decoder, row.predicts, row.answer, False) for length in lengths]
    if continuation is None:
        return found
    decoder = torch.cat([row.begin, torch.from_numpy(continuation.ids[:-1])])
    targets = torch.from_numpy(continuation.ids[1:])
    predicts = torch.arange(len(decoder)) >= len(row.begin)
    return [*found, _Decoded(index, continuation.length, decoder, predicts, targets, True)]


def block_causal(num_question_B: Tensor, size: int) -> Tensor:
    """Who sees whom, (B, L, L): the question itself, all behind it the question and what is behind it up to itself.

    What closes or pads a row sees something too, or it would be NaN; nothing reads it.
    """
    column_L = torch.arange(size)
    question_BL = column_L < num_question_B[:, None]
    causal_LL = column_L[None] <= column_L[:, None]
    return (question_BL[:, :, None] & question_BL[:, None]) | (~question_BL[:, :, None] & causal_LL)


def prefix_columns(batch: EncoderDecoderBatch, *, closed: bool) -> tuple[Tensor, Tensor]:
    """Which columns of its row every prefix consists of, (P, L), and which of them are not padding.

    `closed`: with what closes the row behind the prefix.
    """
    end_P1, length_P1 = batch.end_P[:, None], batch.length_B[batch.row_P][:, None]
    num_closing_P1 = batch.num_closing_B[batch.row_P][:, None] if closed else 0
    column_L = torch.arange(int((end_P1 + num_closing_P1).max()))
    behind_PL = (column_L - end_P1 + length_P1).clamp(max=batch.input_ids_BL.shape[1] - 1)
    return torch.where(column_L < end_P1, column_L, behind_PL), column_L < end_P1 + num_closing_P1


@dataclass(frozen=True)
class _Row:
    question: np.ndarray  # with the steps that a part of a longer rationale is given
    closing: np.ndarray
    begin: Tensor  # what every text of the decoder begins with
    decoder: Tensor
    predicts: Tensor
    answer: Tensor


def _one_row(example: EncodedPair, start_id: int) -> _Row:
    ids, opened = example.input_ids, example.num_encoder - example.num_encoder_end
    begin_end = example.num_encoder + example.num_begin
    start, end = example.answer_positions
    # The last answer token is only predicted, never read.
    begin = np.concatenate([[start_id], ids[example.num_encoder : begin_end]])
    decoder = np.concatenate([begin, ids[example.rationale_end : end - 1]])
    return _Row(
        question=np.concatenate([ids[:opened], ids[begin_end : example.num_question]]),
        closing=ids[opened : example.num_encoder],
        begin=torch.from_numpy(begin),
        decoder=torch.from_numpy(decoder),
        predicts=torch.arange(len(decoder)) >= len(decoder) - (end - start),
        answer=torch.from_numpy(ids[start:end]),
    )


def _scores(allowed: Tensor, bias: Tensor | None, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores, (rows, 1, queries or 1, keys): 0 or the dtype's lowest, and the keys' bias."""
    scores = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
    scores = scores.masked_fill(~allowed, torch.finfo(dtype).min)
    return (scores if bias is None else scores + bias[:, None].to(dtype))[:, None]
