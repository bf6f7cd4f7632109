"""Mask learning: one pass over all prefixes against a pass for each, and its steps against an adapter's plain ones.

Ratios of process time within one run, of the sizes that the README names. They are held to less than they reach on an
idle machine, since other work on a shared one moves them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from kpod.prompts import EncodedExample
from kpod.students.supervised_logits import logits_at
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.losses import RationaleLoss
from kpod.token_weighting.predictor import CausalPredictor
from kpod.token_weighting.prefixes import Continuation, prefix_lengths
from kpod.token_weighting.training import MEASURE_EVERY
from tests.support.mask_learning import options

VOCABULARY, WIDTH, LAYERS, ALL_LAYERS = 49_152, 576, 3, 30
QUESTION, RATIONALE, STEPS, SUFFIX, ANSWER, ROWS = 40, 120, 6, 10, 2, 1
ONE_PASS_AT_LEAST = {"steps": 2.5, "all": 5.0}  # times as quick as separate passes; idle 4 and 10, and 3 and 6 the aim
PLAIN_AT_LEAST = 0.6  # of the tokens a second of a plain step; idle over .85, and .8 the aim


def student(layers: int) -> LlamaForCausalLM:
    """A random model of SmolLM2-135M's shape, which has 30 layers."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=1536, num_hidden_layers=layers,
        num_attention_heads=9, num_key_value_heads=3, tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def predictor() -> CausalPredictor:
    return CausalPredictor(student(LAYERS), rank=16, mask="zero", pad_id=0)


def example(seed: int) -> EncodedExample:
    length = QUESTION + RATIONALE + SUFFIX
    return EncodedExample(
        input_ids=np.random.default_rng(seed).integers(1, VOCABULARY, length),
        num_question=QUESTION,
        num_rationale=RATIONALE,
        token_spans=np.zeros((RATIONALE, 2), dtype=np.int64),
        token_steps=np.repeat(np.arange(STEPS), RATIONALE // STEPS),
        answer_positions=(length - 2 - ANSWER, length - 2),
    )


def cpu_seconds(work: Callable[[], Any], repetitions: int = 2) -> tuple[float, Any]:
    """The fastest of some repetitions, in seconds of the processor (other work hardly counts), and what came out."""
    times, result = [], None
    for _ in range(repetitions):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return min(times), result


def one_pass(predictor: CausalPredictor, batch: Any) -> torch.Tensor:
    mask_BM = torch.full((1, RATIONALE), 0.7, requires_grad=True)
    logits_NV = predictor.answer_logits(batch, mask_BM, None)
    torch.nn.functional.cross_entropy(logits_NV, batch.targets_N).backward()
    return logits_NV


def separate_passes(predictor: CausalPredictor, batch: Any, given: EncodedExample, lengths: list[int]) -> list:
    """The same losses and gradients, `question | prefix | trigger | answer` of every prefix by itself."""
    answer_end = given.answer_positions[1] - 1
    answer_start, base, found = given.answer_positions[0] - 1, given.rationale_end, []
    mask_BM = torch.full((1, RATIONALE), 0.7, requires_grad=True)
    for length in lengths:
        inputs_BLD, _ = predictor.masked_inputs(batch, mask_BM, None)
        read = inputs_BLD[:, : given.num_question + length], inputs_BLD[:, base : base + answer_end - base]
        row_BLD = torch.cat(read, dim=1)
        predicts_BL = torch.zeros(row_BLD.shape[:2], dtype=torch.bool)
        predicts_BL[:, -(answer_end - answer_start) :] = True
        logits_NV = logits_at(predictor.model, predicts_BL, inputs_embeds=row_BLD)
        targets_N = torch.from_numpy(given.input_ids[slice(*given.answer_positions)])
        (torch.nn.functional.cross_entropy(logits_NV, targets_N) / len(lengths)).backward()
        found.append(logits_NV.detach())
    return found


@pytest.mark.benchmark
@pytest.mark.parametrize("mode", ["steps", "all"])
def test_one_pass_against_separate_passes(capsys, predictor, mode):
    given = example(0)
    lengths = prefix_lengths(given, mode)
    batch = predictor.batch([given], [lengths])
    once, together = cpu_seconds(lambda: one_pass(predictor, batch))
    repetitions = 2 if mode == "steps" else 1
    each, apart = cpu_seconds(lambda: separate_passes(predictor, batch, given, lengths), repetitions)
    torch.testing.assert_close(together.detach(), torch.cat(apart), atol=1e-4, rtol=1e-4)
    rows, columns = batch.input_ids_BL.shape
    with capsys.disabled():
        print(f"\n{len(lengths)} prefixes ({mode}) of {RATIONALE} tokens, {LAYERS} layers, forward and backward")
        print(f"one pass {once:.2f} s, separate passes {each:.2f} s of one processor, ratio {each / once:.1f}")
        print(f"logits at {len(batch.targets_N)} of {rows * columns} positions: {4e-6 * together.numel():.0f} MB")
    assert len(together) == ANSWER * len(lengths)  # and nowhere else
    assert each / once >= ONE_PASS_AT_LEAST[mode]


@pytest.mark.benchmark
@pytest.mark.parametrize("rest_weight", [0.0, 0.5])
def test_mask_learning_against_a_plain_step(capsys, rest_weight):
    chosen = options(lora_rank=16, context_range=3.0, rest_weight=rest_weight)
    learner = MaskLearner(student(ALL_LAYERS), chosen, 100, 0)
    examples = [example(seed) for seed in range(ROWS)]
    half = [
        Continuation(RATIONALE // 2, each.input_ids[QUESTION + RATIONALE // 2 :][: RATIONALE // 2]) for each in examples
    ]
    prefixes = [prefix_lengths(each, "steps") for each in examples]
    batch = learner.predictor.batch(examples, prefixes, half if rest_weight else None)
    ids_BL = torch.from_numpy(np.stack([each.input_ids for each in examples]))
    supervised_BL = torch.zeros_like(ids_BL, dtype=torch.bool)
    supervised_BL[:, QUESTION - 1 : -1] = True
    adapter = torch.optim.AdamW(list(learner.predictor.named_trainable().values()), lr=1e-4)

    def plain_step() -> None:
        logits_NV = logits_at(learner.predictor.model, supervised_BL, input_ids=ids_BL)
        torch.nn.functional.cross_entropy(logits_NV, ids_BL[:, QUESTION:].flatten()).backward()
        adapter.step()
        adapter.zero_grad(set_to_none=True)

    plain, _ = cpu_seconds(plain_step)
    both, logged = cpu_seconds(lambda: learner.train_both(batch, 0, measured=False))
    alone, _ = cpu_seconds(lambda: learner.train_predictor(batch, 0))
    measured, _ = cpu_seconds(lambda: learner.measure(batch, RationaleLoss(torch.tensor(1.0))))
    assert all(map(math.isfinite, logged.values()))
    # As the default mixes them: an epoch of the predictor alone, three of both, with a measurement every so often.
    mixed = alone / 4 + 3 / 4 * (both + measured / MEASURE_EVERY)
    tokens, read = ids_BL.numel(), batch.num_tokens
    of_rows = plain / mixed
    of_read = of_rows * read / tokens
    with capsys.disabled():
        print(f"\n{ROWS} row of {ids_BL.shape[1]} tokens, {STEPS} step prefixes, {ALL_LAYERS} layers")
        print(f"plain step {plain:.2f} s ({tokens / plain:.0f} tokens a second of one processor)")
        print(f"mask learning {mixed:.2f} s: both {both:.2f}, predictor {alone:.2f}, measurement {measured:.2f}")
        print(f"with rest_weight {rest_weight} the rows' tokens a second against a plain step's: {of_rows:.2f};")
        print(f"of all {read} tokens that mask learning reads: {of_read:.2f}")
    # The rest of the rationale is read besides: those tokens count where it is to be predicted, the rows' alone else.
    assert (of_read if rest_weight else of_rows) >= PLAIN_AT_LEAST
