from __future__ import annotations

from itertools import pairwise

import pytest

from kpod.prompts import encode_example, fill_template
from kpod.step_splitting import split_steps
from kpod.students.loading import load_tokenizer
from kpod.students.nano_tokenizer import build_tokenizer
from kpod.tasks.small_world import WorldOptions, generate_problems, token_roles


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


@pytest.mark.parametrize(
    "text",
    [
        "Q: Ada has 12 kiwis.\nA: Let's think step by step. 12 + 5 = 17.",
        "Zürich, naïve 日本語 \t two  spaces \n\n ends ",
        "Ġ ▁ </s> <pad> \x00 €3.50 #### 1,000",
        " ",
        "",
    ],
)
def test_any_text_round_trips(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    assert tokenizer.decode(ids) == text


def test_words_and_digits_are_single_tokens_with_their_offsets(tokenizer):
    text = "Mia has 3 * 12 = 36 apples."
    encoded = tokenizer(text, return_offsets_mapping=True)
    parts = [text[start:end] for start, end in encoded["offset_mapping"]]
    # A capital without a space in front stands at the start of a text alone, so a name there is spelt.
    assert parts[3:] == [" has", " 3", " *", " 1", "2", " =", " 3", "6", " apples", "."]


def test_every_word_of_the_world_is_one_token(tokenizer):
    bytewise = set()
    for problem in generate_problems(300, 12, WorldOptions(1, 6, irrelevant_share=0.5, distractor_share=0.5)):
        template = fill_template(problem.question.text, problem.question.rationale, problem.question.answer)
        encoded = tokenizer(template.text, return_offsets_mapping=True)["offset_mapping"]
        pieces = [template.text[start:end] for start, end in encoded]
        bytewise |= {piece for before, piece in pairwise(pieces)
                     if piece.isalpha() and before[-1:].isalpha()}  # fmt: skip
    assert bytewise == set()


def test_it_is_the_same_one_every_time_and_loads_as_any_other(tokenizer, tmp_path):
    assert build_tokenizer().get_vocab() == tokenizer.get_vocab()
    tokenizer.save_pretrained(tmp_path)
    loaded = load_tokenizer(tmp_path)
    assert loaded.get_vocab() == tokenizer.get_vocab() and 500 <= len(loaded) <= 1000
    text = "How many bells does Uma have now?"
    assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]


def test_a_problem_encodes_with_the_roles_of_its_tokens(tokenizer):
    problem = generate_problems(1, 3)[0]
    rationale = problem.question.rationale
    encoded = encode_example(
        fill_template(problem.question.text, rationale, problem.question.answer), split_steps(rationale), tokenizer
    )
    roles = token_roles(rationale, encoded.token_spans, problem.question.roles)
    assert len(roles) == encoded.num_rationale
    tokens = [rationale[start:end] for start, end in encoded.token_spans]
    results = "".join(token for token, role in zip(tokens, roles, strict=True) if role == "result")
    assert results.split()[-1] == problem.question.answer
