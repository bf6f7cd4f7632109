"""The shipped nano student: it loads as any checkpoint, is what its card says, and solves one step but not two."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpod.nano_scores import count_correct, held_out_problems
from kpod.students.decoder_only import load_decoder_only
from kpod.students.registry import find_student


@pytest.fixture(scope="module")
def nano():
    entry = find_student("nano")
    return entry, *load_decoder_only(Path(entry.checkpoint))


def test_it_is_as_large_as_the_registry_and_its_card_say(nano):
    entry, model, _ = nano
    size = sum(value.numel() for value in model.parameters())
    card = (Path(entry.checkpoint) / "README.md").read_text(encoding="utf-8")
    assert size == entry.num_parameters and f"A Llama of {size:,} parameters" in card
    assert float(re.search(r"\| 1 \| ([\d.]+)% \|", card)[1]) > 95


@pytest.mark.parametrize(("steps", "least", "most"), [(1, 0.9, 1.0), (2, 0.0, 0.15), (3, 0.0, 0.2)])
def test_it_is_literate_and_no_reasoner(nano, steps, least, most):
    _, model, tokenizer = nano
    problems = held_out_problems(60, steps)
    assert least <= count_correct(model, tokenizer, problems, max_new_tokens=100) / len(problems) <= most
