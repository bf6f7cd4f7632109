"""What an encoder-decoder model needs beside a causal one: its decoder's inputs, shifted exactly once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def is_encoder_decoder(model: Any) -> bool:
    return bool(model.config.is_encoder_decoder)


def decoder_start_id(model: Any) -> int:
    """The token that every row of the decoder starts from: T5's padding, BART's end of text."""
    return int(model.config.decoder_start_token_id)


def shifted_right(ids_BT: Tensor, start_id: int) -> Tensor:
    """The decoder's inputs for the tokens that it is to write, (B, T): at position j it reads token j - 1."""
    starts_B1 = torch.full_like(ids_BT[:, :1], start_id)
    return torch.cat([starts_B1, ids_BT[:, :-1]], dim=1)
