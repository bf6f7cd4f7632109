"""Answers by greedy generation, batched (design: an output with no answer is wrong, and counted as such)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from kpod.batching import sorted_batches
from kpod.errors import RunCancelled
from kpod.progress import Reporter
from kpod.prompts import ANSWER_TRIGGER, encode_prompt

NEXT_QUESTION = "\nQ:"
_ANSWERED = re.compile(re.escape(ANSWER_TRIGGER) + r"[^\n]*?\S\.?(\n|\.\s)")
TAIL_TOKENS = 48  # the answer sentence and the start of a next question fit into so many


@torch.no_grad()
def generate_rationales(
    model: Any,
    tokenizer: Any,
    questions: Sequence[str],
    *,
    max_new_tokens: int,
    batch_size: int = 32,
    reporter: Reporter | None = None,
) -> list[str]:
    """The student's output for every question: rationale and answer sentence, greedy, in the order of the questions.

    A row ends with the end token, its answer sentence, or where the student goes on to a next question by itself.
    Raises RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    model.eval()
    prompts = [encode_prompt(question, tokenizer) for question in questions]
    outputs = [""] * len(questions)
    for rows in sorted_batches([len(prompt) for prompt in prompts], batch_size):
        if reporter.cancelled():
            raise RunCancelled("Stopped in evaluation.")
        for row, text in zip(
            rows, _generate(model, tokenizer, [prompts[row] for row in rows], max_new_tokens), strict=True
        ):
            outputs[row] = text
        reporter.advance(len(rows))
    return outputs


def _generate(model: Any, tokenizer: Any, prompts: list[list[int]], max_new_tokens: int) -> list[str]:
    size = max(len(prompt) for prompt in prompts)
    pad_id = tokenizer.pad_token_id
    ids_BL = np.full((len(prompts), size), pad_id, dtype=np.int64)
    attended_BL = np.zeros((len(prompts), size), dtype=np.int64)
    for row, prompt in enumerate(prompts):  # on the left: generation goes on from the last column
        ids_BL[row, size - len(prompt) :] = prompt
        attended_BL[row, size - len(prompt) :] = 1
    device = model.get_input_embeddings().weight.device
    generated_BL = model.generate(
        input_ids=torch.from_numpy(ids_BL).to(device),
        attention_mask=torch.from_numpy(attended_BL).to(device),
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        repetition_penalty=1.0,  # some checkpoints ask for one, and greedy would not be greedy
        temperature=None,
        top_p=None,
        top_k=None,
        pad_token_id=pad_id,
        stopping_criteria=StoppingCriteriaList([_Answered(tokenizer, size)]),
    )
    texts = tokenizer.batch_decode(generated_BL[:, size:], skip_special_tokens=True)
    return [trim_output(text) for text in texts]


def trim_output(text: str) -> str:
    """The output up to where the student asks itself a next question, or goes on after its answer sentence."""
    text = text.split(NEXT_QUESTION, 1)[0]
    answered = _ANSWERED.search(text)
    return (text[: answered.end()] if answered else text).strip()


class _Answered(StoppingCriteria):
    """A row is done when it has its answer sentence or begins a next question."""

    def __init__(self, tokenizer: Any, prompt_length: int):
        self.tokenizer, self.prompt_length = tokenizer, prompt_length

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        tail_BL = input_ids[:, max(self.prompt_length, input_ids.shape[1] - TAIL_TOKENS) :]
        texts = self.tokenizer.batch_decode(tail_BL, skip_special_tokens=True)
        done = [NEXT_QUESTION in text or _ANSWERED.search(text) is not None for text in texts]
        return torch.tensor(done, device=input_ids.device)
