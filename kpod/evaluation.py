"""Answers by greedy generation, batched (design: an output with no answer is wrong, and counted as such)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from kpod.batching import sorted_batches
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.prompts import ANSWER_TRIGGER
from kpod.step_splitting import split_steps
from kpod.students.generation import encode_questions, generation_inputs, own_settings_only

NEXT_QUESTION = "\nQ:"
TAIL_TOKENS = 48  # the answer sentence and the start of a next question fit into so many


@dataclass(frozen=True)
class Output:
    """What a student wrote for a question, and whether `max_new_tokens` cut it off before it came to an end."""

    text: str
    cut: bool


def generate_rationales(model: Any, tokenizer: Any, questions: Sequence[str], **options: Any) -> list[str]:
    """The texts alone of `generate_outputs`, whose options these are."""
    return [output.text for output in generate_outputs(model, tokenizer, questions, **options)]


@torch.no_grad()
def generate_outputs(
    model: Any,
    tokenizer: Any,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    batch_size: int = 32,
    reporter: Reporter | None = None,
    draw: Callable[[np.ndarray], LogitsProcessor] | None = None,
) -> list[Output]:
    """The student's output for every question: rationale and answer sentence, greedy, in the order of the questions.

    `draw` makes, for the rows of a batch, what chooses their next tokens; none: the likeliest ones. A row ends with the
    end token, its answer sentence, or where the student goes on to a next question by itself.
    Raises RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    model.eval()
    prompts = encode_questions(model, tokenizer, questions)
    outputs = [Output("", False)] * len(questions)
    for rows in sorted_batches([len(prompt) for prompt in prompts], batch_size):
        if reporter.cancelled():
            raise RunCancelled("Stopped in evaluation.")
        drawn = LogitsProcessorList([draw(rows)] if draw else [])
        batch = _generate(model, tokenizer, [prompts[row] for row in rows], max_new_tokens, drawn)
        for row, output in zip(rows, batch, strict=True):
            outputs[row] = output
        reporter.advance(len(rows))
    return outputs


def _generate(
    model: Any, tokenizer: Any, prompts: list[list[int]], max_new_tokens: int, drawn: LogitsProcessorList
) -> list[Output]:
    inputs, size = generation_inputs(model, tokenizer, prompts)
    end_ids = torch.tensor(_end_ids(model, tokenizer), device=inputs["input_ids"].device)
    with own_settings_only(model):
        generated_BL = model.generate(
            **inputs,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id,
            logits_processor=drawn,
            stopping_criteria=StoppingCriteriaList([_Answered(tokenizer, size)]),
        )
    new_BL = generated_BL[:, size:]
    texts = tokenizer.batch_decode(new_BL, skip_special_tokens=True)
    at_the_limit = new_BL.shape[1] >= max_new_tokens
    ended_B = torch.isin(new_BL, end_ids).any(1).tolist()
    return [
        Output(trim_output(text), at_the_limit and not ended and not _is_done(text))
        for text, ended in zip(texts, ended_B, strict=True)
    ]


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    """Every token at which generation ends a row."""
    ids = model.generation_config.eos_token_id
    ids = ids if isinstance(ids, list) else [ids]
    return [each for each in [*ids, tokenizer.eos_token_id] if each is not None]


def _is_done(text: str) -> bool:
    return NEXT_QUESTION in text or answer_sentence_end(text) is not None


def answer_sentence_end(text: str) -> int | None:
    """Where the answer sentence ends; None where there is none, or what follows does not show yet that it is over.

    It ends with its line, or where a sentence ends that another follows: not at the period of "St. Louis".
    """
    start = text.find(ANSWER_TRIGGER)
    while start >= 0:
        line, newline, _ = text[start:].partition("\n")
        if line[len(ANSWER_TRIGGER) :].strip():
            steps = split_steps(line)
            return start + steps[0][1] if len(steps) > 1 else start + len(line) if newline else None
        start = text.find(ANSWER_TRIGGER, start + 1)
    return None


def trim_output(text: str) -> str:
    """The output up to where the student asks itself a next question, or goes on after its answer sentence."""
    text = text.split(NEXT_QUESTION, 1)[0]
    return text[: answer_sentence_end(text)].strip()


class _Answered(StoppingCriteria):
    """A row is done when it has its answer sentence or begins a next question."""

    def __init__(self, tokenizer: Any, prompt_length: int):
        self.tokenizer, self.prompt_length = tokenizer, prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        tail_BL = input_ids[:, max(self.prompt_length, input_ids.shape[1] - TAIL_TOKENS) :]
        texts = self.tokenizer.batch_decode(tail_BL, skip_special_tokens=True)
        return torch.tensor([_is_done(text) for text in texts], device=input_ids.device)
