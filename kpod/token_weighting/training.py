"""Learning token weights: warm up the answer predictor, then learn what may be masked (Eq. 2 to 7).

Departures from the paper, each because the paper's form collapses (every token kept, or none): the predictor is warmed
up alone under random keep rates and goes on doing so on every few batches; the price of keeping a token is set by dual
ascent in units of what the rationale is worth; means in place of sums. See `losses.Price`.
"""

# Shapes: B rationales, M tokens of the longest, D width of the embeddings, N predicted answer tokens.

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from kpod.batching import bucketed_batches, sorted_batches
from kpod.checkpoints import load_newest, optimizer_tensors, restore_optimizer, save_checkpoint
from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.prompts import EncodedExample
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.losses import Price, answer_loss, collapse_warning, keep_cost
from kpod.token_weighting.model import WeightGenerator, gumbel_sigmoid, masked_embeddings
from kpod.token_weighting.prefixes import PrefixBatch, build_prefix_batch, prefix_lengths

MEASURE_EVERY = 5  # generator steps between measurements of the full and the empty rationale
KEEP_RATES = (0.2, 1.0)  # of the random masks that the predictor trains under


@dataclass(frozen=True)
class MaskLearningOptions:
    """How weights are learned; the fields are those of the configuration's section `weights`."""

    epochs: int
    warmup_epochs: int
    batch_size: int
    learning_rate: float
    lora_rank: int
    objective: str
    alpha: float
    tolerance: float
    dual_start: float
    dual_rate: float | None
    temperature: float
    sampling: str
    mask: str
    prefixes: str
    predictor_every: int
    logit_bound: float
    seed: int
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class LearnedWeights:
    """weights: one array of (num_rationale,) an example. history: the same after every epoch, (epochs, tokens) flat.

    generator: what `weigh` needs for new rationales. warning: why the weights mean nothing, if they do.
    """

    weights: list[np.ndarray]
    history: np.ndarray
    generator: dict[str, Tensor]
    warning: str | None


class MaskLearner:
    """The weight generator, the answer predictor and their optimiser; one step at a time."""

    def __init__(self, model: Any, options: MaskLearningOptions, num_generator_steps: int, pad_id: int):
        torch.manual_seed(options.seed)
        self.options = options
        self.pad_id = pad_id
        self.model = _with_adapter(model, options.lora_rank)
        self.embedding = model.get_input_embeddings()
        table_VD = self.embedding.weight
        self.device, width = table_VD.device, table_VD.shape[1]
        self.generator = WeightGenerator(width, logit_bound=options.logit_bound).to(self.device)
        learned = options.mask == "learned"
        self.mask_embedding_D = nn.Parameter(table_VD.detach().float().mean(0)) if learned else None
        constrained = options.objective == "constrained"
        self.price = Price(
            options.objective,
            options.dual_start if constrained else options.alpha,
            options.tolerance,
            options.dual_rate or min(0.2, max(0.01, 10 / max(1, num_generator_steps))),
        )
        self.optimizer = torch.optim.AdamW(list(self.trainable().values()), lr=options.learning_rate, weight_decay=0.0)

    def trainable(self) -> dict[str, Tensor]:
        """Every trained tensor by name, in the optimiser's order."""
        named = {f"generator.{name}": value for name, value in self.generator.named_parameters()}
        if self.mask_embedding_D is not None:
            named["mask_embedding"] = self.mask_embedding_D
        adapter = {f"predictor.{name}": value for name, value in self.model.named_parameters() if value.requires_grad}
        return named | adapter

    def train_predictor(self, batch: PrefixBatch, seed: int) -> float:
        """One step of the answer predictor alone, under random keep rates; the NLL."""
        noise = torch.Generator().manual_seed(seed)
        low, high = KEEP_RATES
        rates_B1 = low + (high - low) * torch.rand(len(batch.input_ids_BL), 1, generator=noise)
        size = int(batch.rationale_BL.sum(1).max())
        keep_BM = (torch.rand(len(rates_B1), size, generator=noise) < rates_B1).float().to(self.device)
        loss = self._answer_nll(batch, keep_BM)
        self._step(loss)
        return loss.item()

    def train_both(self, batch: PrefixBatch, seed: int) -> dict[str, float]:
        """One step of generator and predictor together (Eq. 7); the figures to log."""
        noise = torch.Generator(device=self.device).manual_seed(seed)
        logits_BM, valid_BM = self.weight_logits(batch)
        hard = self.options.sampling == "hard"
        mask_BM = gumbel_sigmoid(logits_BM, self.options.temperature, hard=hard, generator=noise)
        nll, cost = self._answer_nll(batch, mask_BM), keep_cost(logits_BM, valid_BM)
        self._step(self.price.loss(nll, cost))
        self.price.ascend(nll.item())
        return {"nll_masked": nll.item(), "keep_rate": cost.item(), "alpha": self.price.alpha}

    @torch.no_grad()
    def measure(self, batch: PrefixBatch) -> None:
        """Measure what the rationale is worth: the answer's NLL with all of it, and with all of it masked."""
        size = int(batch.rationale_BL.sum(1).max())
        full_BM = torch.ones(len(batch.input_ids_BL), size, device=self.device)
        self.price.measure(self._answer_nll(batch, full_BM).item(), self._answer_nll(batch, 0 * full_BM).item())

    def weight_logits(self, batch: PrefixBatch) -> tuple[Tensor, Tensor]:
        """Logits of the weights (B, M), and which of them are tokens and not padding."""
        ids_BL = batch.input_ids_BL
        rows = [ids_BL[row][batch.rationale_BL[row]] for row in range(len(ids_BL))]
        return self._logits_of(rows)

    @torch.no_grad()
    def weights_of(self, examples: Sequence[EncodedExample]) -> list[np.ndarray]:
        """w without noise: one array of (num_rationale,) an example."""
        self.generator.eval()
        weights: list[np.ndarray] = [np.empty(0)] * len(examples)
        for rows in sorted_batches([example.num_rationale for example in examples], 64):
            ids = [torch.from_numpy(_rationale_ids(examples[row])) for row in rows]
            logits_BM, _ = self._logits_of(ids)
            for row, logits_M in zip(rows, logits_BM, strict=True):
                weights[row] = torch.sigmoid(logits_M[: examples[row].num_rationale]).cpu().numpy()
        self.generator.train()
        return weights

    def _logits_of(self, ids: list[Tensor]) -> tuple[Tensor, Tensor]:
        padded_BM = pad_sequence(ids, batch_first=True, padding_value=self.pad_id).to(self.device)
        counts_B = torch.tensor([len(row) for row in ids], device=self.device)
        valid_BM = torch.arange(padded_BM.shape[1], device=self.device)[None] < counts_B[:, None]
        with torch.no_grad():
            embeddings_BMD = self.embedding(padded_BM).float()
        return self.generator(embeddings_BMD, valid_BM), valid_BM

    def _answer_nll(self, batch: PrefixBatch, mask_BM: Tensor) -> Tensor:
        """The answer's NLL over all prefixes of the masked rationales (Eq. 5)."""
        device = self.device
        with torch.no_grad():
            embeddings_BLD = self.embedding(batch.input_ids_BL.to(device))
        rationale_BL = batch.rationale_BL.to(device)
        valid_BM = torch.arange(mask_BM.shape[1], device=device)[None] < rationale_BL.sum(1, keepdim=True)
        mask_BL = torch.ones(rationale_BL.shape, dtype=mask_BM.dtype, device=device)
        mask_BL = mask_BL.masked_scatter(rationale_BL, mask_BM[valid_BM])
        inputs_BLD = masked_embeddings(embeddings_BLD.float(), mask_BL, self.mask_embedding_D)
        logits_NV = logits_at(
            self.model,
            batch.predicts_BL.to(device),
            inputs_embeds=inputs_BLD.to(embeddings_BLD.dtype),
            attention_mask=batch.attention_mask_B1LL.to(device=device, dtype=embeddings_BLD.dtype),
            position_ids=batch.position_ids_BL.to(device),
        )
        return answer_loss(logits_NV, batch.targets_N.to(device), batch.row_N.to(device), len(mask_BM))

    def _step(self, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise InputError(
                f"The loss of mask learning is {loss.item()}: it diverged. Lower weights.learning_rate (it is "
                f"{self.options.learning_rate:g}) and run again."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(list(self.generator.parameters()), 0.5)
        others = [value for name, value in self.trainable().items() if not name.startswith("generator.")]
        nn.utils.clip_grad_norm_(others, 1.0)
        self.optimizer.step()


def learn_token_weights(
    model: Any,
    examples: Sequence[EncodedExample],
    options: MaskLearningOptions,
    *,
    pad_id: int,
    checkpoints: Path | None = None,
    reporter: Reporter | None = None,
) -> LearnedWeights:
    """Learn w for the tokens of every rationale (Eq. 2 to 7).

    `model` is the student's own causal model; it gets an adapter and is of no other use afterwards. Resumes from
    `checkpoints` where they hold a part of this training. Raises RunCancelled, with a checkpoint, where asked to stop.
    """
    training = _Training(model, examples, options, pad_id, checkpoints, reporter or Reporter())
    training.run()
    history = np.stack(training.history)
    keep_rate = float(history[-1].mean())
    return LearnedWeights(
        weights=np.split(history[-1], np.cumsum([example.num_rationale for example in examples])[:-1]),
        history=history,
        generator={
            name: value.detach().cpu()
            for name, value in training.learner.trainable().items()
            if not name.startswith("predictor.")
        },
        warning=collapse_warning(keep_rate, training.learner.price),
    )


class _Training:
    """The loop over batches, with its checkpoints: every random choice is derived from the seed and the step."""

    def __init__(
        self,
        model: Any,
        examples: Sequence[EncodedExample],
        options: MaskLearningOptions,
        pad_id: int,
        checkpoints: Path | None,
        reporter: Reporter,
    ):
        self.examples, self.options, self.reporter = examples, options, reporter
        self.checkpoints = checkpoints
        self.prefixes = [prefix_lengths(example, options.prefixes) for example in examples]
        self.steps_an_epoch = -(-len(examples) // options.batch_size)
        self.total_steps = (options.warmup_epochs + options.epochs) * self.steps_an_epoch
        generator_steps = (
            options.epochs * self.steps_an_epoch * (options.predictor_every - 1) // options.predictor_every
        )
        self.learner = MaskLearner(model, options, generator_steps, pad_id)
        self.history: list[np.ndarray] = []
        self.step = 0

    def run(self) -> None:
        self._restore()
        self.reporter.start("weights", self.total_steps, self.step, "steps")
        last_saved = time.monotonic()
        while self.step < self.total_steps:
            epoch, batch_index = divmod(self.step, self.steps_an_epoch)
            rows = self._batches(epoch)[batch_index]
            self._train(epoch, self._batch(rows))
            self.step += 1
            if batch_index == self.steps_an_epoch - 1 and epoch >= self.options.warmup_epochs:
                self.history.append(np.concatenate(self.learner.weights_of(self.examples)))
            self.reporter.advance()
            if self.reporter.cancelled():
                self._save()
                raise RunCancelled(f"Stopped in mask learning after step {self.step} of {self.total_steps}.")
            if time.monotonic() - last_saved >= self.options.checkpoint_seconds:
                self._save()
                last_saved = time.monotonic()

    def _train(self, epoch: int, batch: PrefixBatch) -> None:
        options, learner = self.options, self.learner
        seed = options.seed * 1_000_003 + self.step
        row: dict[str, Any] = {"stage": "weights", "step": self.step + 1, "epoch": epoch + 1}
        mask_step = self.step - options.warmup_epochs * self.steps_an_epoch
        if mask_step < 0 or mask_step % options.predictor_every == options.predictor_every - 1:
            self.reporter.metrics(row | {"phase": "predictor", "nll_random": learner.train_predictor(batch, seed)})
            return
        if learner.price.nll_full is None or mask_step % MEASURE_EVERY == 0:
            learner.measure(batch)
        figures = learner.train_both(batch, seed)
        measured = {"nll_full": learner.price.nll_full, "nll_empty": learner.price.nll_empty}
        self.reporter.metrics(row | {"phase": "mask", **figures, **measured})

    def _batches(self, epoch: int) -> list[np.ndarray]:
        return bucketed_batches(
            [len(example) for example in self.examples], self.options.batch_size, self.options.seed, epoch
        )

    def _batch(self, rows: np.ndarray) -> PrefixBatch:
        return build_prefix_batch(
            [self.examples[row] for row in rows], [self.prefixes[row] for row in rows], self.learner.pad_id
        )

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        self.reporter.flush()
        named = self.learner.trainable()
        tensors = {f"parameter.{name}": value for name, value in named.items()}
        tensors |= optimizer_tensors(self.learner.optimizer, named)
        if self.history:
            tensors["history"] = torch.from_numpy(np.stack(self.history))
        values = {"step": self.step, "price": self.learner.price.values()}
        save_checkpoint(self.checkpoints, self.step, tensors, values)

    def _restore(self) -> None:
        found = load_newest(self.checkpoints, self.reporter.log) if self.checkpoints else None
        if found is None:
            return
        named = self.learner.trainable()
        with torch.no_grad():
            for name, value in named.items():
                value.copy_(found.tensors[f"parameter.{name}"])
        restore_optimizer(self.learner.optimizer, named, found.tensors)
        self.learner.price = Price(**found.values["price"])
        self.history = list(found.tensors["history"].numpy()) if "history" in found.tensors else []
        self.step = found.values["step"]
        self.reporter.log(f"Resuming mask learning after step {self.step} of {self.total_steps}.")


def _with_adapter(model: Any, rank: int) -> Any:
    """The answer predictor: the student's own weights, frozen, and a low-rank adapter on every linear layer."""
    model.requires_grad_(False)
    targets = sorted(
        {name.rsplit(".", 1)[-1] for name, module in model.base_model.named_modules() if _is_linear(module)}
    )
    adapted = inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets), model)
    for name, parameter in adapted.named_parameters():
        parameter.requires_grad_("lora_" in name)
    return adapted


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def _rationale_ids(example: EncodedExample) -> np.ndarray:
    return example.input_ids[example.num_question : example.rationale_end]
