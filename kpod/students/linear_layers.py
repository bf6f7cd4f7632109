"""Which layers of a model are linear: torch's own, and GPT-2's Conv1D, whose weights stand the other way round."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D


def is_linear(module: nn.Module) -> bool:
    return isinstance(module, (nn.Linear, Conv1D))


def stands_transposed(model: Any, names: Collection[str] | None = None) -> bool:
    """Whether the model's linear layers, or those with one of `names`, hold (in, out): what peft calls fan_in_fan_out.

    peft finds that out by itself, but says so in a warning.
    """
    return any(
        isinstance(module, Conv1D) and (names is None or path.rsplit(".", 1)[-1] in names)
        for path, module in model.named_modules()
    )
