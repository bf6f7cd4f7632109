"""`weights.max_questions`: mask learning from some of the questions, drawn by the seed, and weights for all of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import RunCancelled
from kpod.token_weighting.applying import weights_of
from kpod.token_weighting.model import WeightGenerator
from kpod.token_weighting.training import learn_token_weights
from tests.support.mask_learning import Recorder, options
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded_examples(load_student(tiny_llama_folder)[1], 5, longest=120)


def learn(folder, examples, *, reporter=None, checkpoints=None, **changes):
    model = load_student(folder)[0]
    return learn_token_weights(
        model, examples, options(**changes), pad_id=0, reporter=reporter, checkpoints=checkpoints
    )


def same(one, other):
    return np.array_equal(one.history, other.history) and all(
        torch.equal(value, other.generator[name]) for name, value in one.generator.items()
    )


@pytest.mark.parametrize("most", [5, 6, 10_000])
def test_no_fewer_than_there_are_is_all_of_them(tiny_llama_folder, examples, most):
    reporter = Recorder()
    whole = learn(tiny_llama_folder, examples, epochs=1)
    assert same(learn(tiny_llama_folder, examples, epochs=1, max_questions=most, reporter=reporter), whole)
    assert not any("questions" in line for line in reporter.said)


@pytest.fixture(scope="module")
def drawn(tiny_llama_folder, examples):
    reporter = Recorder()
    return learn(tiny_llama_folder, examples, max_questions=3, reporter=reporter), reporter


def test_the_cost_is_that_of_the_drawn_questions_and_every_question_gets_weights(drawn, examples):
    learned, reporter = drawn
    assert reporter.total == len(reporter.rows) == 6  # two batches in each of three epochs
    assert "Mask learning from 3 of 5 questions." in reporter.said
    assert [len(weights) for weights in learned.weights] == [example.num_rationale for example in examples]
    assert learned.history.shape == (2, sum(example.num_rationale for example in examples))


def test_the_weights_are_the_trained_generators_on_all_questions(drawn, tiny_llama_folder, examples):
    learned, _ = drawn
    generator = WeightGenerator(**learned.generator_options)
    named = {name.removeprefix("generator."): value for name, value in learned.generator.items() if "." in name}
    generator.load_state_dict(named)
    embedding = load_student(tiny_llama_folder)[0].get_input_embeddings()
    expected = weights_of(generator.eval(), embedding, examples, 0)
    assert all(np.allclose(*both, atol=1e-6) for both in zip(learned.weights, expected, strict=True))


def test_only_the_drawn_questions_are_learned_from(drawn, tiny_llama_folder, examples, monkeypatch):
    """The others may say what they will: nothing that is learned changes."""
    read = []
    from kpod.token_weighting import predictor

    build = predictor.build_prefix_batch

    def noting(batch, prefixes, pad_id, **more):
        read.extend(next(row for row, each in enumerate(examples) if each is example) for example in batch)
        return build(batch, prefixes, pad_id, **more)

    monkeypatch.setattr(predictor, "build_prefix_batch", noting)
    learned = learn(tiny_llama_folder, examples, max_questions=3)
    assert len(set(read)) == 3 and all(read.count(row) == 4 for row in set(read))  # once an epoch, and in the end
    assert same(learned, drawn[0])
    alone = learn(tiny_llama_folder, [examples[row] for row in sorted(set(read))])
    kept = np.concatenate([np.full(each.num_rationale, row in read) for row, each in enumerate(examples)])
    assert np.allclose(learned.history[:, kept], alone.history, atol=1e-6)


def test_another_seed_draws_others():
    from kpod.batching import drawn_rows
    from kpod.token_weighting.training import DRAW

    assert len({tuple(drawn_rows(100, 10, (seed, DRAW))) for seed in range(5)}) == 5


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_resume_ends_bit_for_bit_the_same(tmp_path, drawn, tiny_llama_folder, examples, stop_after):
    with pytest.raises(RunCancelled, match=f"after step {stop_after} of 6"):
        learn(tiny_llama_folder, examples, max_questions=3, checkpoints=tmp_path, reporter=Recorder(stop_after))
    second = Recorder()
    resumed = learn(tiny_llama_folder, examples, max_questions=3, checkpoints=tmp_path, reporter=second)
    assert same(resumed, drawn[0]) and second.rows == drawn[1].rows[stop_after:]
