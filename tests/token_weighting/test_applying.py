"""A weight generator kept in a file gives the weights that it gave in training; what cannot be read is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from kpod.errors import InputError, RunCancelled
from kpod.progress import Reporter
from kpod.token_weighting.applying import generator_options, load_generator, save_generator, weights_of
from kpod.token_weighting.model import WeightGenerator
from tests.support.tiny_students import encoded_examples, load_student


@pytest.fixture(scope="module")
def student(tiny_llama_folder):
    return load_student(tiny_llama_folder)


def made(**given):
    """A generator that weighs tokens differently, with its options and what is kept of it."""
    torch.manual_seed(1)
    options = generator_options(**given)
    generator = WeightGenerator(**options)
    torch.nn.init.normal_(generator.mlp[2].weight, std=1.0)
    tensors = {f"generator.{name}": value for name, value in generator.state_dict().items()}
    return generator, options, tensors | {"mask_embedding": torch.ones(32)}


@pytest.mark.parametrize("given", [{}, {"num_heads": 2, "hidden": 7, "logit_bound": 3.0, "initial_logit": 0.5}])
def test_the_same_weights_from_the_file(tmp_path, student, given):
    model, tokenizer = student
    generator, options, tensors = made(width=32, **given)
    save_generator(tmp_path / "g.safetensors", tensors, options)
    examples = encoded_examples(tokenizer, 6)
    known = weights_of(generator, model.get_input_embeddings(), examples, 0)
    found = weights_of(load_generator(tmp_path / "g.safetensors"), model.get_input_embeddings(), examples, 0)
    assert [len(row) for row in found] == [example.num_rationale for example in examples]
    assert all(np.array_equal(a, b) for a, b in zip(known, found, strict=True))
    assert np.std(np.concatenate(found)) > 0.01


def test_all_arguments_are_kept_the_defaults_too():
    options = generator_options(width=32)
    assert options["width"] == 32 and {"num_heads", "hidden", "logit_bound", "initial_logit"} <= set(options)
    assert json.loads(json.dumps(options)) == options


def test_asked_to_stop(student):
    class Stopping(Reporter):
        def cancelled(self):
            return True

    model, tokenizer = student
    with pytest.raises(RunCancelled):
        weights_of(made(width=32)[0], model.get_input_embeddings(), encoded_examples(tokenizer, 2), 0, Stopping())


def test_what_cannot_be_read(tmp_path):
    generator, options, tensors = made(width=32)
    path = tmp_path / "g.safetensors"
    with pytest.raises(InputError, match=r"There is no g\.safetensors"):
        load_generator(path)
    path.write_bytes(b"not a safetensors file")
    with pytest.raises(InputError, match="is damaged"):
        load_generator(path)
    save_file(tensors, path)
    with pytest.raises(InputError, match="does not say how its generator is built"):
        load_generator(path)
    for wrong in (options | {"width": 64}, options | {"of_tomorrow": 1}):
        save_generator(path, tensors, wrong)
        with pytest.raises(InputError, match="this version cannot build"):
            load_generator(path)
    for header in ("{", "[1]", '{"width": "32"}'):
        save_file(tensors, path, metadata={"options": header})
        with pytest.raises(InputError, match="this version cannot build"):
            load_generator(path)
    assert isinstance(generator, WeightGenerator)
