"""The answer predictor of mask learning: what every family of models must do, and causal ones in one pass (Eq. 5)."""

# Shapes: B rationales, L tokens of the longest row, M tokens of the longest rationale, D width of the embeddings,
# N predicted answer tokens, V vocabulary.

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from kpod.prompts import EncodedExample
from kpod.students.linear_layers import is_linear, stands_transposed
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.masking import apply_mask
from kpod.token_weighting.prefixes import Continuation, build_prefix_batch


class RationaleBatch(Protocol):
    """What every batch holds: tokens, where the rationale stands in them, and which answer tokens are predicted.

    rationale_BL is row-major in the order of the examples; targets_N and row_N give the token and its rationale,
    continues_N whether it is of a continuation and not of an answer. num_tokens: of questions, rationales and
    continuations, and of trigger and answer once a prefix; without padding.
    """

    input_ids_BL: Tensor
    rationale_BL: Tensor
    targets_N: Tensor
    row_N: Tensor
    continues_N: Tensor
    num_tokens: int


class AnswerPredictor(ABC):
    """A model that is frozen but for an adapter, and predicts answers from prefixes of masked rationales.

    `mask`: learned, zero or key_bias, as in `masking.apply_mask`. `student_embedding`: the student's own input
    embedding where the model is another one; a learned linear map then takes the rationale into the model's width.
    """

    def __init__(self, model: Any, *, rank: int, mask: str, pad_id: int, student_embedding: nn.Module | None = None):
        self.model = with_adapter(model, rank)
        self.mask, self.pad_id = mask, pad_id
        self.embedding = model.get_input_embeddings()
        self.student_embedding = self.embedding if student_embedding is None else student_embedding
        self.projection = None if student_embedding is None else _linear_map(student_embedding, self.embedding)
        self._adapter = {name: value for name, value in self.model.named_parameters() if value.requires_grad}

    @abstractmethod
    def batch(
        self,
        examples: Sequence[EncodedExample],
        prefixes: Sequence[Sequence[int]],
        continuations: Sequence[Continuation | None] | None = None,
    ) -> RationaleBatch:
        """Rows of examples with the given prefixes (numbers of rationale tokens) of each, and continuations."""

    @abstractmethod
    def answer_logits(self, batch: Any, mask_BM: Tensor, mask_embedding_D: Tensor | None) -> Tensor:
        """Logits (N, V) of the answer tokens after every prefix of the masked rationales, and of the continuations, in
        the batch's order."""

    @property
    def device(self) -> torch.device:
        return self.embedding.weight.device

    def named_trainable(self) -> dict[str, Tensor]:
        """The adapter's tensors, and the linear map's, by name; frozen after the warm-up or not."""
        named = dict(self._adapter)
        if self.projection is not None:
            named |= {f"projection.{name}": value for name, value in self.projection.named_parameters()}
        return named

    def masked_inputs(
        self, batch: RationaleBatch, mask_BM: Tensor, mask_embedding_D: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """Embeddings of a batch with its rationales masked, and the bias of its keys; see `masking.apply_mask`."""
        device = self.device
        rationale_BL = batch.rationale_BL.to(device)
        embeddings_BLD = self._embed(batch.input_ids_BL.to(device), rationale_BL)
        valid_BM = torch.arange(mask_BM.shape[1], device=device)[None] < rationale_BL.sum(1, keepdim=True)
        mask_BL = torch.ones(rationale_BL.shape, dtype=mask_BM.dtype, device=device)
        mask_BL = mask_BL.masked_scatter(rationale_BL, mask_BM[valid_BM])
        inputs_BLD, bias_BL = apply_mask(self.mask, at_least_float32(embeddings_BLD), mask_BL, mask_embedding_D)
        return inputs_BLD.to(self.embedding.weight.dtype), bias_BL

    def _embed(self, ids_BL: Tensor, rationale_BL: Tensor) -> Tensor:
        if self.projection is None:
            with torch.no_grad():
                return self.embedding(ids_BL)
        with torch.no_grad():
            own_BLD = at_least_float32(self.embedding(ids_BL.masked_fill(rationale_BL, 0)))
            students_ND = at_least_float32(self.student_embedding(ids_BL[rationale_BL]))
        return own_BLD.masked_scatter(rationale_BL.unsqueeze(-1), self.projection(students_ND))


class CausalPredictor(AnswerPredictor):
    """All prefixes in one pass; see `prefixes`."""

    def batch(
        self,
        examples: Sequence[EncodedExample],
        prefixes: Sequence[Sequence[int]],
        continuations: Sequence[Continuation | None] | None = None,
    ) -> RationaleBatch:
        return build_prefix_batch(examples, prefixes, self.pad_id, continuations=continuations)

    def answer_logits(self, batch: Any, mask_BM: Tensor, mask_embedding_D: Tensor | None) -> Tensor:
        inputs_BLD, bias_BL = self.masked_inputs(batch, mask_BM, mask_embedding_D)
        attention_B1LL = batch.attention_mask_B1LL.to(device=self.device, dtype=inputs_BLD.dtype)
        if bias_BL is not None:
            attention_B1LL = attention_B1LL + bias_BL[:, None, None, :].to(inputs_BLD.dtype)
        return logits_at(
            self.model,
            batch.predicts_BL.to(self.device),
            inputs_embeds=inputs_BLD,
            attention_mask=attention_B1LL,
            position_ids=batch.position_ids_BL.to(self.device),
        )


def at_least_float32(values: Tensor) -> Tensor:
    """Half precision becomes float32; float64 stays."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def with_adapter(model: Any, rank: int) -> Any:
    """The model's own weights, frozen, and a low-rank adapter on every linear layer but the output matrix.

    The adapter is float32 at least: in half precision the optimiser's steps would be rounded away as it grows.
    """
    model.requires_grad_(False)
    head = model.get_output_embeddings()
    targets = sorted(
        {
            name.rsplit(".", 1)[-1]
            for name, module in model.base_model.named_modules()
            if is_linear(module) and module is not head
        }
    )
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank, target_modules=targets, fan_in_fan_out=stands_transposed(model, targets)
    )
    adapted = inject_adapter_in_model(config, model)
    for name, parameter in adapted.named_parameters():
        parameter.requires_grad_("lora_" in name)
        if parameter.requires_grad:
            parameter.data = at_least_float32(parameter.data)
    return adapted


def _linear_map(student: nn.Module, predictor: nn.Module) -> nn.Linear:
    """From the student's width into the predictor's, so that mapped embeddings start at the size of its own."""
    table_VD, own_VD = student.weight.detach().float(), predictor.weight.detach().float()
    linear = nn.Linear(table_VD.shape[1], own_VD.shape[1])
    size, own_size = table_VD.square().sum(1).mean().sqrt(), own_VD.square().mean().sqrt()
    nn.init.normal_(linear.weight, std=(own_size / size).item())
    nn.init.zeros_(linear.bias)
    return linear.to(own_VD.device)
