"""What the tests of distillation share: a few encoded questions, and a training that nobody interrupts."""

from __future__ import annotations

import pytest

from tests.support.tiny_students import encoded_examples, load_student
from tests.support.tiny_trainings import Recorder, distillation


@pytest.fixture(scope="module")
def examples(tiny_llama_folder):
    return encoded_examples(load_student(tiny_llama_folder)[1], 5, longest=120)


@pytest.fixture(scope="module")
def uninterrupted(tiny_llama_folder, examples):
    reporter = Recorder()
    training = distillation(tiny_llama_folder, examples, reporter=reporter)
    return training, training.run(), reporter.rows
