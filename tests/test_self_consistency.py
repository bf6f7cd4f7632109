"""Self-consistency: votes worked out by hand, draws that are samples of the student's distribution, any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kpod.data_sources import find_source
from kpod.evaluation import generate_rationales
from kpod.self_consistency import Drawing, Vote, draws_of, majority, sample_outputs
from kpod.students.registry import STUDENTS
from kpod.tasks.answers import extract_number
from tests.support.made_problems import make_problems
from tests.support.tiny_students import load_student

QUESTIONS = [problem.text for problem in make_problems(5)]


@pytest.mark.parametrize(
    ("answers", "vote"),
    [
        (["7", "8", "7"], Vote("7", 2, 0)),
        (["8", "7", "7"], Vote("7", 2, 1)),
        (["8", "7", "7", "8"], Vote("7", 2, 1)),  # both have two; 7 had two first
        (["8", "7"], Vote("8", 1, 0)),
        ([None, None, "7"], Vote("7", 1, 2)),  # no answer is no vote
        ([None, None], Vote(None, 0, 0)),
        (["1/3", None, "1/3", "0.33", "0.33", "0.33"], Vote("0.33", 3, 3)),
    ],
)
def test_majority_by_hand(answers, vote):
    assert majority(answers) == vote


def test_the_drawn_token_by_hand():
    """Probabilities 1/4, 1/2, 1/4: the edges are .25, .75 and 1."""
    scores = torch.log(torch.tensor([[0.25, 0.5, 0.25]])).expand(6, 3)
    drawing = Drawing(np.array([[0.0], [0.24], [0.26], [0.74], [0.76], [0.9999]]), temperature=1.0)
    assert drawing(None, scores).argmax(-1).tolist() == [0, 0, 1, 1, 2, 2]
    # At temperature 1/2 the probabilities are squared: 1/6, 4/6, 1/6.
    drawing = Drawing(np.array([[0.0], [0.16], [0.17], [0.83], [0.84], [0.9999]]), temperature=0.5)
    assert drawing(None, scores).argmax(-1).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_token_that_cannot_be_is_never_drawn():
    scores = torch.tensor([[-torch.inf, 0.0, -torch.inf]] * 2)
    assert Drawing(np.array([[0.0], [1 - 1e-16]]), 1.0)(None, scores).argmax(-1).tolist() == [1, 1]


def test_draws_are_samples_of_the_distribution():
    """Of 20,000 draws each token's share is its probability, within four standard errors."""
    draws = np.stack([draws_of(0, "Q", sample, 1) for sample in range(20_000)])
    logits = torch.tensor([[0.3, -1.0, 2.0, 0.0]])
    drawn = Drawing(draws, 1.3)(None, logits.expand(len(draws), -1)).argmax(-1)
    expected = torch.softmax(logits[0].double() / 1.3, 0).numpy()
    found = np.bincount(drawn.numpy(), minlength=4) / len(draws)
    assert (np.abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / len(draws))).all()


def test_draws_hang_on_seed_question_and_sample_alone():
    first = draws_of(0, "Q", 0, 5)
    assert (draws_of(0, "Q", 0, 5) == first).all()
    for other in (draws_of(1, "Q", 0, 5), draws_of(0, "R", 0, 5), draws_of(0, "Q", 1, 5)):
        assert (other != first).all()


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_neither_batch_nor_company_changes_a_sample(request, family):
    model, tokenizer = load_student(request.getfixturevalue(f"tiny_{family}_folder"))
    options = {"samples": 3, "temperature": 1.0, "seed": 3, "max_new_tokens": 8}
    together = sample_outputs(model, tokenizer, QUESTIONS, batch_size=32, **options)
    assert [len(several) for several in together] == [3] * len(QUESTIONS)
    assert len({output.text for several in together for output in several}) > len(QUESTIONS)
    assert sample_outputs(model, tokenizer, QUESTIONS, batch_size=2, **options) == together
    assert sample_outputs(model, tokenizer, QUESTIONS[2:3], batch_size=1, **options) == together[2:3]
    more = sample_outputs(model, tokenizer, QUESTIONS[:1], batch_size=4, **options | {"samples": 4})
    assert more[0][:3] == together[0]
    assert sample_outputs(model, tokenizer, QUESTIONS, batch_size=32, **options | {"seed": 4}) != together


def test_cold_samples_are_the_greedy_output(tiny_llama_folder):
    model, tokenizer = load_student(tiny_llama_folder)
    cold = sample_outputs(model, tokenizer, QUESTIONS, samples=2, temperature=1e-4, seed=0, max_new_tokens=8)
    greedy = generate_rationales(model, tokenizer, QUESTIONS, max_new_tokens=8)
    assert [[output.text for output in several] for several in cold] == [[text, text] for text in greedy]


def test_the_shipped_student_votes_the_same_whatever_the_batch():
    """Real outputs: most samples come to an answer, and the votes of a question are those of any batch."""
    world = find_source("small_world:train=1,test=6,seed=3,stories=people+prices,max_steps=2")
    questions = [question for question in world.questions(None)[0] if question.split == "test"]
    texts = [question.text for question in questions]
    model, tokenizer = load_student(STUDENTS["nano"].checkpoint)
    options = {"samples": 4, "temperature": 1.0, "seed": 0, "max_new_tokens": 90}
    together = sample_outputs(model, tokenizer, texts, batch_size=64, **options)
    apart = sample_outputs(model, tokenizer, texts, batch_size=5, **options)
    votes, others = ([majority([extract_number(o.text) for o in few]) for few in each] for each in (together, apart))
    assert votes == others
    assert sum(vote.votes for vote in votes) > len(texts) and None not in {vote.answer for vote in votes}
    assert any(len({output.text for output in few}) > 1 for few in together)
