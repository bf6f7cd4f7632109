"""The weight generator and the answer predictor under one optimiser, one step at a time (Eq. 2 to 7)."""

# Shapes: B rationales, M tokens of the longest, D width of the embeddings, N predicted answer tokens.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kpod.divergence import check_finite
from kpod.prompts import EncodedExample
from kpod.token_weighting.applying import generator_options, rationale_logits, weights_of
from kpod.token_weighting.encoder_decoder_predictor import EncoderDecoderPredictor
from kpod.token_weighting.foreign_predictor import ForeignPredictor
from kpod.token_weighting.losses import Price, RationaleLoss, dual_rate, keep_cost, rationale_loss
from kpod.token_weighting.masking import sample_mask
from kpod.token_weighting.model import WeightGenerator
from kpod.token_weighting.options import MaskLearningOptions
from kpod.token_weighting.predictor import AnswerPredictor, CausalPredictor, RationaleBatch
from kpod.token_weighting.sums import summed_loss, summed_mask

KEEP_RATES = (0.2, 1.0)  # of the random masks that the predictor trains under
NO_BOUND = 1e6  # for a logit bound of 0: bound * tanh(l / bound) is l


class MaskLearner:
    """The weight generator, the answer predictor and their optimiser; one step at a time."""

    def __init__(
        self,
        model: Any,
        options: MaskLearningOptions,
        num_generator_steps: int,
        pad_id: int,
        foreign: ForeignPredictor | None = None,
    ):
        torch.manual_seed(options.seed)
        self.options = options
        self.pad_id = pad_id
        self.embedding = model.get_input_embeddings()
        self.predictor = _predictor_of(model, options, pad_id, foreign)
        table_VD = self.embedding.weight
        self.device, width = table_VD.device, table_VD.shape[1]
        self.generator_options = generator_options(
            width=width, logit_bound=options.logit_bound or NO_BOUND, context_bound=options.context_range
        )
        self.generator = WeightGenerator(**self.generator_options).to(self.device)
        learned = options.mask == "learned"
        mean_D = self.predictor.embedding.weight.detach().float().mean(0)
        self.mask_embedding_D = nn.Parameter(mean_D) if learned else None
        constrained = options.objective == "constrained"
        self.price = Price(
            options.objective,
            options.dual_start if constrained else options.alpha,
            options.tolerance,
            options.dual_rate or dual_rate(num_generator_steps),
        )
        self.optimizer = torch.optim.AdamW(
            [
                {"params": self.generator.class_parameters(), "lr": options.class_rate * options.rate_of_generator},
                {"params": self.generator.context_parameters(), "lr": options.rate_of_generator},
                {"params": self._predictors_tensors(), "lr": options.learning_rate},
            ],
            weight_decay=0.0,
        )

    def set_rates(self, share: float) -> None:
        """Learning rates with `share` of the steps since the warm-up done; at a rate of 0 the predictor is frozen."""
        left = 1 - share * (1 - self.options.final_rate)
        generators, predictors = self.options.rate_of_generator, self.options.rate_of_predictor
        rates = (self.options.class_rate * generators, generators, predictors)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = left * rate
        for tensor in self._predictors_tensors():
            tensor.requires_grad_(predictors > 0)

    def rate_of(self, *, generator: bool) -> float:
        """The learning rate now, of the generator or of the answer predictor."""
        return self.optimizer.param_groups[1 if generator else 2]["lr"]

    def _predictors_tensors(self) -> list[Tensor]:
        """All that is trained but for the generator."""
        return [value for name, value in self.trainable().items() if not name.startswith("generator.")]

    def trainable(self) -> dict[str, Tensor]:
        """Every trained tensor by name, in the optimiser's order."""
        named = {f"generator.{name}": value for name, value in self.generator.named_parameters()}
        if self.mask_embedding_D is not None:
            named["mask_embedding"] = self.mask_embedding_D
        return named | {f"predictor.{name}": value for name, value in self.predictor.named_trainable().items()}

    def train_predictor(self, batch: RationaleBatch, seed: int) -> dict[str, float]:
        """One step of the answer predictor alone, under random keep rates; what to log. Raises NotFinite."""
        noise = torch.Generator().manual_seed(seed)
        low, high = KEEP_RATES
        rates_B1 = low + (high - low) * torch.rand(len(batch.input_ids_BL), 1, generator=noise)
        size = int(batch.rationale_BL.sum(1).max())
        keep_BM = (torch.rand(len(rates_B1), size, generator=noise) < rates_B1).float().to(self.device)
        loss = self.loss_under(batch, keep_BM)
        self._step(loss.total)
        return {"loss": loss.total.item(), **loss.figures("random")}

    def train_both(
        self, batch: RationaleBatch, seed: int, share: float = 0.0, *, measured: bool = True
    ) -> dict[str, float]:
        """One step of generator and predictor together (Eq. 7), `share` of all such steps being done; what to log.

        With `measured` it first measures what the batch's rationales are worth, and what masking loses of that.
        Raises NotFinite.
        """
        options = self.options
        noise = torch.Generator(device=self.device).manual_seed(seed)
        logits_BM, valid_BM = self.weight_logits(batch)
        temperature, hardness = options.temperature_at(share), options.hardness_at(share)
        mask_BM = sample_mask(logits_BM, temperature, hardness, noise)
        logits_NV = self.predictor.answer_logits(batch, mask_BM, self.mask_embedding_D)
        loss, keep_rate = self._loss_of(batch, logits_NV), keep_cost(logits_BM, valid_BM)
        if measured:
            self.measure(batch, loss)
        if options.reduction == "mean":
            self._step(self.price.loss(loss.total, keep_rate))
        else:
            targets_N, continues_N = (each.to(self.device) for each in (batch.targets_N, batch.continues_N))
            summed = summed_loss(logits_NV, targets_N, continues_N, len(mask_BM), options.rest_weight)
            self._step(self.price.loss(summed, summed_mask(mask_BM, valid_BM)))
        self.price.ascend()
        figures = {"loss": loss.total.item(), **loss.figures("masked")}
        figures |= {"keep_rate": keep_rate.item(), "alpha": self.price.alpha}
        if options.temperature_schedule != "constant":
            figures["temperature"] = temperature
        return figures | ({"hardness": hardness} if options.sampling == "annealed" else {})

    @torch.no_grad()
    def measure(self, batch: RationaleBatch, masked: RationaleLoss) -> None:
        """Measure what the rationales are worth: the loss with all of them, and with all masked away, beside what it is
        masked as now learned. Raises NotFinite.
        """
        full, empty = self._unmasked_losses(batch)
        # An infinite one would make the gap so, and the loss in units of it nothing.
        check_finite("The loss with the whole rationale", full.total.item())
        check_finite("The loss without the rationale", empty.total.item())
        self.price.measure(masked, full, empty)

    @torch.no_grad()
    def answer_nlls_now(self, batch: RationaleBatch, seed: int) -> tuple[float, float, float]:
        """NLL of the answers (Eq. 5) with rationales masked as learned, whole and masked away; a mean, all prefixes."""
        noise = torch.Generator(device=self.device).manual_seed(seed)
        logits_BM, _ = self.weight_logits(batch)
        mask_BM = sample_mask(logits_BM, self.options.temperature_at(1.0), self.options.hardness_at(1.0), noise)
        losses = (self.loss_under(batch, mask_BM), *self._unmasked_losses(batch))
        masked, full, empty = (loss.answers.item() for loss in losses)
        return masked, full, empty

    def _unmasked_losses(self, batch: RationaleBatch) -> tuple[RationaleLoss, RationaleLoss]:
        """With whole rationales, and with all of them masked away."""
        size = int(batch.rationale_BL.sum(1).max())
        full_BM = torch.ones(len(batch.input_ids_BL), size, device=self.device)
        return self.loss_under(batch, full_BM), self.loss_under(batch, 0 * full_BM)

    def loss_under(self, batch: RationaleBatch, mask_BM: Tensor) -> RationaleLoss:
        """What the masked rationales leave predictable: the answers after all prefixes (Eq. 5), and the continuations
        where the batch has some."""
        return self._loss_of(batch, self.predictor.answer_logits(batch, mask_BM, self.mask_embedding_D))

    def _loss_of(self, batch: RationaleBatch, logits_NV: Tensor) -> RationaleLoss:
        told = (each.to(self.device) for each in (batch.targets_N, batch.row_N, batch.continues_N))
        return rationale_loss(logits_NV, *told, len(batch.input_ids_BL), self.options.rest_weight)

    def weight_logits(self, batch: RationaleBatch) -> tuple[Tensor, Tensor]:
        """Logits of the weights (B, M), and which of them are tokens and not padding."""
        ids_BL = batch.input_ids_BL
        rows = [ids_BL[row][batch.rationale_BL[row]] for row in range(len(ids_BL))]
        return rationale_logits(self.generator, self.embedding, rows, self.pad_id)

    def weights_of(self, examples: Sequence[EncodedExample]) -> list[np.ndarray]:
        """w without noise: one array of (num_rationale,) an example."""
        return weights_of(self.generator, self.embedding, examples, self.pad_id)

    def _step(self, loss: Tensor) -> None:
        check_finite("The loss of mask learning", loss.item())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for parameters, largest in ((list(self.generator.parameters()), 0.5), (self._predictors_tensors(), 1.0)):
            norm = nn.utils.clip_grad_norm_(parameters, largest)
            check_finite("The norm of the gradient of mask learning", norm.item())
        self.optimizer.step()


def _predictor_of(
    student: Any, options: MaskLearningOptions, pad_id: int, foreign: ForeignPredictor | None
) -> AnswerPredictor:
    """The answer predictor: the student itself, or another model behind a linear map."""
    shared: dict[str, Any] = {"rank": options.lora_rank, "mask": options.mask, "pad_id": pad_id}
    model = student
    if foreign is not None:
        model = foreign.model
        shared |= {"pad_id": foreign.pad_id, "student_embedding": student.get_input_embeddings()}
    if model.config.is_encoder_decoder:
        return EncoderDecoderPredictor(model, one_pass=options.encoding == "one_pass", **shared)
    return CausalPredictor(model, **shared)
