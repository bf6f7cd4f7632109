"""The template in two texts, for encoder-decoder students: one that the encoder reads, one that the decoder writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kpod.prompts import ANSWER_TRIGGER, EncodedExample, TemplateText, find_parts, question_prompt, token_offsets
from kpod.records import Span


@dataclass(frozen=True, kw_only=True)
class EncodedPair(EncodedExample):
    """The tokens of both texts in one row: `encoder | begin | given | rationale | suffix`, the last four the decoder's.

    Fields, positions and meanings are those of `EncodedExample`; `num_question` counts all before the rationale.
    num_encoder: tokens of the encoder's text with its special ones, num_encoder_end of which close it (T5's end token).
    num_begin: special tokens that open whatever the decoder writes (none for T5, BART's <s>); never supervised.
    """

    num_encoder: int
    num_encoder_end: int
    num_begin: int

    @property
    def encoder_ids(self) -> np.ndarray:
        """The question as the encoder reads it, special tokens and all."""
        return self.input_ids[: self.num_encoder]

    @property
    def decoder_ids(self) -> np.ndarray:
        """What the decoder writes, unshifted: the labels."""
        return self.input_ids[self.num_encoder :]

    @property
    def rationale_ids(self) -> np.ndarray:
        return self.input_ids[self.num_question : self.rationale_end]

    @property
    def trigger_ids(self) -> np.ndarray:
        return self.input_ids[self.rationale_end : self.answer_positions[0]]

    @property
    def answer_ids(self) -> np.ndarray:
        return self.input_ids[slice(*self.answer_positions)]

    def sides(self, steps_in_encoder: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Positions in `input_ids` of what the encoder reads and of what the decoder writes, each in order.

        `steps_in_encoder`: what is given and the first so many steps stand at the end of the encoder's text, by their
        own tokens (so a byte-level tokeniser's first step has no space before it); with None everything behind the
        question is the decoder's.
        """
        everything = np.arange(len(self))
        if steps_in_encoder is None:
            return everything[: self.num_encoder], everything[self.num_encoder :]
        begin = self.num_encoder + self.num_begin
        moved = self.num_question + int((self.token_steps < steps_in_encoder).sum())  # steps stand in order
        open_, close = np.split(everything[: self.num_encoder], [self.num_encoder - self.num_encoder_end])
        encoder = np.concatenate([open_, everything[begin:moved], close])
        return encoder, np.concatenate([everything[self.num_encoder : begin], everything[moved:]])


def fill_target(rationale: str, answer: str, given: str = "") -> TemplateText:
    """`{r}\\nTherefore, the answer is {y}.`: what the decoder writes behind what is `given` to it."""
    head = f"{given}{rationale}\n{ANSWER_TRIGGER} "
    return TemplateText(
        text=f"{head}{answer}.",
        rationale=(len(given), len(given) + len(rationale)),
        answer=(len(head), len(head) + len(answer)),
    )


def encode_pair(question: str, target: TemplateText, steps: Sequence[Span], tokenizer: Any) -> EncodedPair:
    """Tokenise question and target once each, and give every token its part and its step.

    `steps` are character spans of the rationale.
    """
    ids, offsets, begin, end = _with_specials(target.text, tokenizer)
    parts = find_parts(target, steps, offsets)
    return _pair(
        question,
        ids,
        begin,
        end,
        tokenizer,
        num_before=parts.num_before,
        num_rationale=parts.num_rationale,
        token_spans=parts.token_spans,
        token_steps=parts.token_steps,
        answer=parts.answer,
    )


def encode_pair_answer_only(question: str, answer: str, tokenizer: Any) -> EncodedPair:
    """The question, and the answer sentence with no rationale before it."""
    sentence = f"{ANSWER_TRIGGER} {answer}."
    ids, offsets, begin, end = _with_specials(sentence, tokenizer)
    start = len(ANSWER_TRIGGER) + 1
    whole = find_parts(TemplateText(sentence, (0, start), (start, len(sentence) - 1)), [(0, start)], offsets)
    return _pair(
        question,
        ids,
        begin,
        end,
        tokenizer,
        num_before=0,
        num_rationale=0,
        token_spans=np.empty((0, 2), dtype=np.int64),
        token_steps=np.empty(0, dtype=np.int64),
        answer=whole.answer,
    )


def encode_pair_prompt(question: str, tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens that the encoder reads of a question, and those that the decoder's text begins with, mostly none."""
    ids, _, before, after = _with_specials(question_prompt(question), tokenizer)
    return [*before, *ids, *after], before


def _pair(
    question: str, ids: list[int], begin: list[int], end: list[int], tokenizer: Any, *, num_before: int,
    num_rationale: int, token_spans: np.ndarray, token_steps: np.ndarray, answer: tuple[int, int],
) -> EncodedPair:  # fmt: skip
    asked, _, before, after = _with_specials(question_prompt(question), tokenizer)
    encoder = [*before, *asked, *after]
    shift = len(encoder) + len(begin)
    return EncodedPair(
        input_ids=np.array([*encoder, *begin, *ids, *(end or [tokenizer.eos_token_id])], dtype=np.int64),
        num_question=shift + num_before,
        num_rationale=num_rationale,
        token_spans=token_spans,
        token_steps=token_steps,
        answer_positions=(shift + answer[0], shift + answer[1]),
        num_encoder=len(encoder),
        num_encoder_end=len(after),
        num_begin=len(begin),
    )


def _with_specials(text: str, tokenizer: Any) -> tuple[list[int], list[Span], list[int], list[int]]:
    """The tokens of a text and their character spans, and the special ones that the tokeniser puts around it."""
    encoded = tokenizer(text, truncation=False, return_offsets_mapping=True, return_special_tokens_mask=True)
    ids, offsets = encoded["input_ids"], token_offsets(encoded)
    own = np.flatnonzero(np.asarray(encoded["special_tokens_mask"]) == 0)
    first, last = int(own[0]), int(own[-1]) + 1
    return ids[first:last], offsets[first:last], ids[:first], ids[last:]
