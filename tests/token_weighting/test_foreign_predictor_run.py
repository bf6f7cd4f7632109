"""A run of a causal student whose answers an encoder-decoder predicts, as the paper has it with FlanT5, to its weights.

The predictor's T5 is random, so the weights mean nothing: the alarm's word for that, in a whole run.
"""

from __future__ import annotations

import numpy as np
import pytest

from kpod.errors import RunCancelled
from kpod.pipeline import run_pipeline
from kpod.preparation import examples_of_tables
from kpod.run_store import create_run, load_run
from kpod.token_weighting.applying import load_generator, weights_of
from tests.support.tiny_runs import tiny_config, write_questions
from tests.support.tiny_students import load_student


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_llama_folder, tiny_t5_untied_folder):
    folder = tmp_path_factory.mktemp("foreign")
    source = write_questions(folder / "questions.jsonl", trained=3, measured=1)
    weights = {"epochs": 1, "batch_size": 2, "predictor": str(tiny_t5_untied_folder)}
    made = create_run(folder / "run", tiny_config(source, tiny_llama_folder, weights=weights))
    with pytest.raises(RunCancelled, match="Stopped after the stage weights, as asked"):
        run_pipeline(made, until="weights")
    return load_run(made.folder)


def test_the_weights_are_of_the_students_tokens_by_its_own_embeddings(run, tiny_llama_folder):
    model, tokenizer = load_student(tiny_llama_folder)
    examples = [example.encoded for example in examples_of_tables(run.questions, run.steps, tokenizer)]
    generator = load_generator(run.folder / "weight_generator.safetensors")
    expected = np.concatenate(weights_of(generator, model.get_input_embeddings(), examples, tokenizer.pad_token_id))
    assert run.tokens["weight"].to_numpy() == pytest.approx(expected, abs=1e-6)
    assert np.ptp(expected) > 0.05


def test_it_tells_of_the_predictor_and_of_its_encodings(run):
    assert "Answer predictor: student tiny-t5-untied: from its folder" in run.log()
    assert run.state.summary["weight_notes"]["encoding_difference"] > 0


def test_the_alarm_says_that_a_predictor_without_any_training_does_not_use_rationales(run):
    (said,) = run.state.stages["weights"].warnings
    assert said.startswith("Weights collapsed: the answer's NLL is ")
    assert "The answer predictor does not use rationales, so no token of them matters to it" in said
