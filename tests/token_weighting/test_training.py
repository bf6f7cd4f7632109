"""Mask learning: every option, the same weights again, after an interruption bit for bit the same, and its alarm."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import RunCancelled
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.prefixes import build_prefix_batch, prefix_lengths
from kpod.token_weighting.training import learn_token_weights
from tests.support.mask_learning import AS_THE_PAPER, OPTIONS, Recorder, options
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def tokenizer(tiny_llama_folder):
    return load_student(tiny_llama_folder)[1]


@pytest.fixture(scope="module")
def examples(tokenizer):
    return encoded_examples(tokenizer, 5, longest=120)


def learn(folder, examples, options=OPTIONS, dtype="float32", **more):
    return learn_token_weights(load_student(folder, dtype)[0], examples, options, pad_id=0, **more)


@pytest.fixture(scope="module")
def uninterrupted(tiny_llama_folder, examples):
    reporter = Recorder()
    return learn(tiny_llama_folder, examples, reporter=reporter), reporter


def test_a_weight_for_every_token_of_every_epoch(uninterrupted, examples):
    learned, _ = uninterrupted
    assert [len(weights) for weights in learned.weights] == [example.num_rationale for example in examples]
    assert learned.history.shape == (2, sum(example.num_rationale for example in examples))
    assert np.array_equal(np.concatenate(learned.weights), learned.history[-1])
    assert ((learned.history > 0) & (learned.history < 1)).all()
    assert not np.array_equal(*learned.history)
    assert "generator.mlp.2.bias" in learned.generator


def test_what_every_step_reports(uninterrupted):
    _, reporter = uninterrupted
    rows = reporter.rows
    assert reporter.total == 9 and [row["step"] for row in rows] == list(range(1, 10))
    assert [row["phase"] for row in rows] == ["predictor"] * 3 + ["mask", "mask", "predictor"] * 2
    mask = [row for row in rows if row["phase"] == "mask"]
    assert all({"nll_masked", "keep_rate", "alpha", "nll_full", "nll_empty"} <= set(row) for row in mask)
    assert [row["epoch"] for row in rows] == [1, 1, 1, 2, 2, 2, 3, 3, 3]


def test_what_the_masks_leave_is_measured_in_the_end(uninterrupted, tiny_llama_folder, examples):
    learned, _ = uninterrupted
    losses = learned.losses
    assert losses.rationales == 5 and losses.full > 0 and losses.full != losses.empty
    assert learn(tiny_llama_folder, examples).losses == losses


def test_every_step_of_either_kind_reports_what_distillation_does(uninterrupted, examples):
    _, reporter = uninterrupted
    assert {row["learning_rate"] for row in reporter.rows} == {3e-3}
    # Every question with its rationale, and trigger and answer (all but its last token) once a step.
    suffixes = [example.answer_positions[1] - 1 - example.rationale_end for example in examples]
    tokens = [
        example.rationale_end + suffix * len(set(example.token_steps.tolist()))
        for example, suffix in zip(examples, suffixes, strict=True)
    ]
    for epoch in (1, 2, 3):
        assert sum(row["tokens"] for row in reporter.rows if row["epoch"] == epoch) == sum(tokens)
    assert len(reporter.clock) == 9
    assert all(row["seconds"] > 0 and row["seconds_left"] >= 0 for row in reporter.clock)
    assert all(row["memory_bytes"] > 1e7 for row in reporter.clock) and reporter.clock[-1]["seconds_left"] == 0


def test_the_same_seed_gives_the_same_weights(uninterrupted, tiny_llama_folder, examples):
    assert np.array_equal(learn(tiny_llama_folder, examples).history, uninterrupted[0].history)
    assert not np.array_equal(learn(tiny_llama_folder, examples, options(seed=4)).history, uninterrupted[0].history)


@pytest.mark.parametrize("stop_after", [2, 6, 8])  # in the warm-up, at the end of an epoch, in the middle of one
def test_an_interrupted_training_ends_where_the_uninterrupted_did(
    tmp_path, uninterrupted, tiny_llama_folder, examples, stop_after
):
    learned, whole = uninterrupted
    first = Recorder(stop_after)
    with pytest.raises(RunCancelled, match=f"after step {stop_after} of 9"):
        learn(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=first)
    second = Recorder()
    resumed = learn(tiny_llama_folder, examples, checkpoints=tmp_path, reporter=second)
    assert f"Resuming mask learning after step {stop_after} of 9." in second.said
    assert np.array_equal(resumed.history, learned.history)
    assert all(torch.equal(resumed.generator[name], value) for name, value in learned.generator.items())
    assert first.rows + second.rows == whole.rows


RATES = {"learning_rate": 3e-3, "generator_rate": 1e-3, "predictor_rate": 2e-4, "final_rate": 0.1}


@pytest.mark.parametrize("changes", [RATES | {"rest_weight": 0.5, "context_range": 3.0}, {"predictor_rate": 0.0}])
def test_with_rates_of_their_own_too(tmp_path, tiny_llama_folder, examples, changes):
    chosen, whole, second = options(**changes), Recorder(), Recorder()
    learned = learn(tiny_llama_folder, examples, chosen, reporter=whole)
    first = Recorder(5)
    with pytest.raises(RunCancelled):
        learn(tiny_llama_folder, examples, chosen, checkpoints=tmp_path, reporter=first)
    resumed = learn(tiny_llama_folder, examples, chosen, checkpoints=tmp_path, reporter=second)
    assert np.array_equal(resumed.history, learned.history) and first.rows + second.rows == whole.rows


def test_rates_fall_to_their_share_and_the_warm_up_has_its_own(tiny_llama_folder, examples):
    reporter = Recorder()
    learn(tiny_llama_folder, examples, options(**RATES), reporter=reporter)
    told = [(row["phase"], row["learning_rate"]) for row in reporter.rows]
    assert told[:3] == [("predictor", 3e-3)] * 3
    left = [1 - 0.9 * step / 5 for step in range(6)]  # of six steps, from all to a tenth
    own = [2e-4 if phase == "predictor" else 1e-3 for phase, _ in told[3:]]
    assert [rate for _, rate in told[3:]] == pytest.approx([a * b for a, b in zip(left, own, strict=True)])


def test_a_predictor_at_rate_0_stays_as_its_warm_up_left_it(tiny_llama_folder, examples):
    chosen = options(predictor_rate=0.0)
    learner = MaskLearner(load_student(tiny_llama_folder)[0], chosen, 10, 0)
    batch = build_prefix_batch(examples[:2], [prefix_lengths(example, "steps") for example in examples[:2]], 0)
    learner.train_predictor(batch, seed=0)
    before = {name: value.detach().clone() for name, value in learner.trainable().items()}
    learner.set_rates(0.0)
    for seed in range(3):
        learner.train_both(batch, seed)
    moved = {name for name, value in learner.trainable().items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("generator.") for name in moved)
    assert set(before) == set(learner.trainable())  # a checkpoint holds the frozen ones too
    reporter = Recorder()
    learn(tiny_llama_folder, examples, chosen, reporter=reporter)
    assert [row["phase"] for row in reporter.rows] == ["predictor"] * 3 + ["mask"] * 6  # none is the predictor's alone


def test_metrics_reach_the_disk_before_their_checkpoint_counts(tmp_path, tiny_llama_folder, examples):
    class Held(Recorder):
        def __init__(self):
            super().__init__()
            self.held, self.newest_at_flush = 0, []

        def metrics(self, row):
            self.held = row["step"]

        def flush(self):
            self.newest_at_flush.append((self.held, sorted(path.name for path in tmp_path.glob("step-*"))[-1:]))

    reporter = Held()
    learn(tiny_llama_folder, examples, options(checkpoint_seconds=1e-9), checkpoints=tmp_path, reporter=reporter)
    assert len(reporter.newest_at_flush) == 9
    assert all(newest in ([], [f"step-{step - 1:08d}"]) for step, newest in reporter.newest_at_flush)


@pytest.mark.parametrize(
    "changes",
    [
        {"objective": "fixed"},
        {"objective": "relative", "sampling": "hard"},
        {"mask": "zero"},
        {"mask": "learned"},
        {"prefixes": "all", "batch_size": 5},
        {"prefixes": "sample:2"},
        {"sampling": "annealed", "temperature_schedule": "geometric"},
        AS_THE_PAPER | {"prefixes": "steps", "epochs": 1},
        {"warmup_epochs": 0, "epochs": 1},
        {"predictor_every": 2},
        {"rest_weight": 0.5, "context_range": 3.0, "generator_rate": 1e-3, "final_rate": 0.1},
        {"predictor_rate": 0.0, "mask": "learned"},
    ],
)
def test_every_option_learns(tiny_llama_folder, examples, changes):
    learned = learn(tiny_llama_folder, examples, options(**changes))
    assert np.isfinite(learned.history).all()
    assert ("mask_embedding" in learned.generator) == (changes.get("mask") == "learned")


def test_temperature_and_hardness_go_from_their_start_to_their_end(tiny_llama_folder, examples):
    reporter, chosen = Recorder(), {"sampling": "annealed", "temperature_schedule": "linear", "predictor_every": 0}
    learn(tiny_llama_folder, examples, options(**chosen), reporter=reporter)
    rows = [row for row in reporter.rows if row["phase"] == "mask"]
    assert [row["temperature"] for row in rows] == pytest.approx(np.linspace(2.0, 0.5, 6))
    assert [row["hardness"] for row in rows] == pytest.approx(np.linspace(0, 1, 6))


def test_in_paper_mode_no_batch_is_the_predictors_alone(tiny_llama_folder, examples):
    reporter = Recorder()
    learn(tiny_llama_folder, examples, options(**AS_THE_PAPER, epochs=1), reporter=reporter)
    assert [row["phase"] for row in reporter.rows] == ["mask"] * 3
    assert {row["alpha"] for row in reporter.rows} == {0.5}


def test_sampled_prefixes_are_the_same_after_an_interruption(tmp_path, tiny_llama_folder, examples):
    sampled = options(prefixes="sample:2")
    whole = learn(tiny_llama_folder, examples, sampled)
    with pytest.raises(RunCancelled):
        learn(tiny_llama_folder, examples, sampled, checkpoints=tmp_path, reporter=Recorder(4))
    resumed = learn(tiny_llama_folder, examples, sampled, checkpoints=tmp_path)
    assert np.array_equal(resumed.history, whole.history)
    assert not np.array_equal(whole.history, learn(tiny_llama_folder, examples).history)


@pytest.mark.parametrize("family", ["gpt2", "qwen2"])
def test_other_families_learn(request, family, tokenizer, examples):
    folder = request.getfixturevalue(f"tiny_{family}_folder")
    assert np.isfinite(learn(folder, examples[:3]).history).all()


def test_in_bfloat16_the_weights_are_plain_numbers(tiny_llama_folder, examples):
    learned = learn(tiny_llama_folder, examples[:3], dtype="bfloat16")
    assert learned.history.dtype == np.float32 and np.isfinite(learned.history).all()


def test_only_generator_mask_and_adapter_are_trained(tiny_llama_folder, examples):
    model, _ = load_student(tiny_llama_folder)
    before = {name: value.clone() for name, value in model.named_parameters()}
    learn_token_weights(model, examples[:2], options(epochs=1), pad_id=0)
    for name, value in model.named_parameters():
        if "lora_" not in name:
            assert torch.equal(value, before[name.replace(".base_layer", "")]), name
