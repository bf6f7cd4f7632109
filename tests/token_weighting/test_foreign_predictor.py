"""Mask learning across models: encoder-decoder students, and an answer predictor that is not the student."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.errors import RunCancelled
from kpod.prompt_pairs import encode_pair, fill_target
from kpod.step_splitting import split_steps
from kpod.token_weighting.foreign_predictor import ForeignPredictor, with_student_rationale
from kpod.token_weighting.learner import MaskLearner
from kpod.token_weighting.training import learn_token_weights
from tests.support.made_problems import make_problems
from tests.support.mask_learning import Recorder, options
from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_t5 import build_pair_model, build_t5_tokenizer

LONGEST = 120


@pytest.fixture(scope="module")
def pairs():
    """The problems of `encoded_examples` as T5 reads and writes them."""
    tokenizer = build_t5_tokenizer()
    problems = [each for each in make_problems(200) if len(each.rationale) <= LONGEST][:4]
    return [
        encode_pair(
            each.text, fill_target(each.rationale, each.answer), split_steps(each.rationale, "sentence"), tokenizer
        )
        for each in problems
    ]


@pytest.fixture
def causal(tiny_llama_folder):
    model, tokenizer = load_student(tiny_llama_folder)
    return model, encoded_examples(tokenizer, 4, longest=LONGEST)


@pytest.mark.parametrize("encoding", ["exact", "one_pass"])
def test_an_encoder_decoder_student_learns_and_reports_the_difference(pairs, encoding):
    reporter = Recorder()
    model = build_pair_model("t5-untied")
    learned = learn_token_weights(model, pairs, options(encoding=encoding), pad_id=0, reporter=reporter)
    assert [len(weights) for weights in learned.weights] == [pair.num_rationale for pair in pairs]
    assert np.isfinite(learned.history).all() and not np.array_equal(*learned.history)
    assert learned.notes["encoding_difference"] > 0
    assert learned.notes["nll_exact"] != learned.notes["nll_one_pass"]
    reported = [row for row in reporter.rows if "encoding_difference" in row]
    assert len(reported) == 1 and learned.notes.items() <= reported[0].items()
    assert not any("lora" in name for name, _ in model.get_output_embeddings().named_parameters())


def test_an_interrupted_encoder_decoder_ends_the_same_with_its_notes(tmp_path, pairs):
    whole = learn_token_weights(build_pair_model("t5"), pairs, options(), pad_id=0)
    with pytest.raises(RunCancelled):
        learn_token_weights(
            build_pair_model("t5"), pairs, options(), pad_id=0, checkpoints=tmp_path, reporter=Recorder(4)
        )
    resumed = learn_token_weights(build_pair_model("t5"), pairs, options(), pad_id=0, checkpoints=tmp_path)
    assert np.array_equal(resumed.history, whole.history)
    assert (resumed.notes, resumed.losses) == (whole.notes, whole.losses)


def test_the_students_rationale_takes_the_place_of_the_predictors(causal, pairs):
    for students, predictors in ((causal[1][0], pairs[0]), (pairs[0], causal[1][0])):
        mixed = with_student_rationale(students, predictors)
        assert type(mixed) is type(predictors)
        rationale = students.input_ids[students.num_question : students.rationale_end]
        assert np.array_equal(mixed.input_ids[mixed.num_question : mixed.rationale_end], rationale)
        assert np.array_equal(mixed.input_ids[: mixed.num_question], predictors.input_ids[: predictors.num_question])
        assert np.array_equal(mixed.input_ids[mixed.rationale_end :], predictors.input_ids[predictors.rationale_end :])
        answers = [each.input_ids[slice(*each.answer_positions)] for each in (mixed, predictors)]
        assert np.array_equal(*answers)


def test_a_causal_student_learns_from_an_encoder_decoder_predictor(causal, pairs):
    student, examples = causal
    before = {name: value.clone() for name, value in student.named_parameters()}
    predictor = ForeignPredictor(build_pair_model("t5-untied"), pairs, 0)
    learned = learn_token_weights(student, examples, options(), pad_id=0, predictor=predictor)
    assert [len(weights) for weights in learned.weights] == [example.num_rationale for example in examples]
    assert not np.array_equal(*learned.history)
    assert all(torch.equal(value, before[name]) for name, value in student.named_parameters())


def test_an_encoder_decoder_student_learns_from_a_causal_predictor(causal, pairs):
    model, examples = causal
    predictor = ForeignPredictor(model, examples, 0)
    learned = learn_token_weights(build_pair_model("t5"), pairs, options(), pad_id=0, predictor=predictor)
    assert not np.array_equal(*learned.history) and learned.notes == {}


def test_the_linear_map_learns_and_nothing_of_the_students_vocabulary_is_looked_up_in_the_predictors(causal, pairs):
    student, examples = causal
    learner = MaskLearner(student, options(), 10, 0, ForeignPredictor(build_pair_model("t5-untied"), pairs, 0))
    predictor = learner.predictor
    mapped = predictor.projection(predictor.student_embedding.weight).square().mean().sqrt()
    own = predictor.embedding.weight.square().mean().sqrt()
    assert 0.8 < (mapped / own).item() < 1.25  # it starts at the size of the predictor's own embeddings
    mixed = [with_student_rationale(*both) for both in zip(examples, pairs, strict=True)]
    batch = predictor.batch(mixed, [[example.num_rationale] for example in mixed])
    size = int(batch.rationale_BL.sum(1).max())
    loss = learner.loss_under(batch, torch.full((len(mixed), size), 0.7)).total
    gradients = torch.autograd.grad(loss, list(predictor.projection.parameters()))
    assert all((gradient != 0).any() for gradient in gradients)
    inputs_BLD, _ = predictor.masked_inputs(batch, torch.ones(len(mixed), size), torch.zeros(32))
    expected_ND = predictor.projection(predictor.student_embedding(batch.input_ids_BL[batch.rationale_BL]))
    assert torch.allclose(inputs_BLD[batch.rationale_BL], expected_ND, atol=1e-6)
