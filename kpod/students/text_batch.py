"""Right-padded batches of training texts as a student of either family reads them, and what it predicts there."""

# Shapes: B texts, L tokens of the longest (of what the encoder reads, for an encoder-decoder student), T of the longest
# that the decoder writes, N supervised tokens of all, V vocabulary.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kpod.prompt_pairs import EncodedPair
from kpod.prompts import EncodedExample
from kpod.students.encoder_decoder import decoder_start_id, shifted_right
from kpod.students.supervised_losses import Predicted, predicted_at


@dataclass(frozen=True, kw_only=True)
class TextBatch:
    """input_ids_BL, attention_mask_BL: whole texts, or what the encoder reads of them.

    decoder_ids_BT: what the decoder writes, unshifted; None for a causal student. predicts_BL: where a supervised token
    is predicted, for a causal student at the token before it, in a decoder (B, T) at its own place. targets_N: the
    supervised tokens in the row-major order of predicts_BL. num_tokens: without padding.
    """

    input_ids_BL: Tensor
    attention_mask_BL: Tensor
    predicts_BL: Tensor
    targets_N: Tensor
    num_tokens: int
    decoder_ids_BT: Tensor | None = None

    def predicted(self, model: Any) -> Predicted:
        """What the model predicts at the supervised tokens, on its device."""
        device = model.get_input_embeddings().weight.device
        inputs = {"input_ids": self.input_ids_BL.to(device), "attention_mask": self.attention_mask_BL.to(device)}
        if self.decoder_ids_BT is not None:
            inputs["decoder_input_ids"] = shifted_right(self.decoder_ids_BT.to(device), decoder_start_id(model))
        return predicted_at(model, self.predicts_BL.to(device), **inputs)


def build_text_batch(
    examples: Sequence[EncodedExample],
    targets: Sequence[np.ndarray],
    pad_id: int,
    steps_in_encoder: Sequence[int | None] | None = None,
) -> TextBatch:
    """A batch of texts of one family. `targets`: (len(example),) bool, which of its tokens are supervised.

    steps_in_encoder: how many steps of each pair its encoder is given (`EncodedPair.sides`); none is.
    """
    ids = [example.input_ids for example in examples]
    targets_N = torch.from_numpy(np.concatenate([row[chosen] for row, chosen in zip(ids, targets, strict=True)]))
    num_tokens = sum(len(row) for row in ids)
    if not isinstance(examples[0], EncodedPair):
        # The token at position j is predicted at position j - 1.
        predicts = [np.append(row[1:], False) for row in targets]
        assert not any(row[0] for row in targets), "nothing predicts the first token"
        return TextBatch(
            input_ids_BL=_padded(ids, pad_id),
            attention_mask_BL=_padded([np.ones(len(row), dtype=np.int64) for row in ids], 0),
            predicts_BL=_padded(predicts, False),
            targets_N=targets_N,
            num_tokens=num_tokens,
        )
    given = steps_in_encoder or [None] * len(examples)
    sides = [pair.sides(steps) for pair, steps in zip(examples, given, strict=True)]
    assert not any(row[encoder].any() for row, (encoder, _) in zip(targets, sides, strict=True)), "no decoder's token"
    read = [row[encoder] for row, (encoder, _) in zip(ids, sides, strict=True)]
    return TextBatch(
        input_ids_BL=_padded(read, pad_id),
        attention_mask_BL=_padded([np.ones(len(row), dtype=np.int64) for row in read], 0),
        predicts_BL=_padded([row[decoder] for row, (_, decoder) in zip(targets, sides, strict=True)], False),
        targets_N=targets_N,
        num_tokens=num_tokens,
        decoder_ids_BT=_padded([row[decoder] for row, (_, decoder) in zip(ids, sides, strict=True)], pad_id),
    )


def _padded(rows: Sequence[np.ndarray], value: int | bool) -> Tensor:
    tensors = [torch.from_numpy(np.ascontiguousarray(row)) for row in rows]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True, padding_value=value)
