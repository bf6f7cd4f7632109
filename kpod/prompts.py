"""The one template, and its tokens: made once, tokenised once, every span from the tokeniser's offsets. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kpod.records import Span

COT_PROMPT = "Let's think step by step."
ANSWER_TRIGGER = "Therefore, the answer is"
WORD_BEGIN = "▁"  # SentencePiece's mark


@dataclass(frozen=True)
class TemplateText:
    """`Q: {x}\\nA: Let's think step by step. {r}\\nTherefore, the answer is {y}.` and where r and y stand in it."""

    text: str
    rationale: Span
    answer: Span


def question_prompt(question: str) -> str:
    """What a student reads before it generates a rationale."""
    return f"Q: {question.strip()}\nA: {COT_PROMPT}"


def fill_template(question: str, rationale: str, answer: str, given: str = "") -> TemplateText:
    """The whole training text of a question. `rationale` is taken as it is: its spans are those of the steps.

    `given`: what stands before it, with the white space between, where the rationale is a part of a longer one.
    """
    head = f"{question_prompt(question)} {given}"
    middle = f"{head}{rationale}\n{ANSWER_TRIGGER} "
    return TemplateText(
        text=f"{middle}{answer}.",
        rationale=(len(head), len(head) + len(rationale)),
        answer=(len(middle), len(middle) + len(answer)),
    )


@dataclass(frozen=True)
class EncodedExample:
    """The tokens of one template text: `question | rationale | suffix`, the suffix being trigger, answer, `.`, end.

    input_ids: (L,) int64. Rationale token j stands at num_question + j.
    token_spans: (num_rationale, 2) characters of the rationale. token_steps: (num_rationale,) 0-based step.
    answer_positions: [start, end) of the answer's own tokens in input_ids. teaches_answer: whether the suffix is
    supervised; it is not for a part of a rationale that other parts follow.
    """

    input_ids: np.ndarray
    num_question: int
    num_rationale: int
    token_spans: np.ndarray
    token_steps: np.ndarray
    answer_positions: tuple[int, int]
    teaches_answer: bool = True

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def rationale_end(self) -> int:
        """Position after the last rationale token: where the suffix starts."""
        return self.num_question + self.num_rationale


@dataclass(frozen=True)
class Parts:
    """Where the parts of a template text stand among its tokens; positions count from the text's own first token.

    token_spans and token_steps as in `EncodedExample`; white space that no token holds belongs to the token behind it.
    """

    num_before: int
    num_rationale: int
    token_spans: np.ndarray
    token_steps: np.ndarray
    answer: tuple[int, int]


def find_parts(template: TemplateText, steps: Sequence[Span], offsets: Sequence[Span]) -> Parts:
    """The part and the step of every token of a template text by its first visible character.

    `steps` are character spans of the rationale; a token of white space belongs to the step before it, and one before
    the whole rationale to the first step, with an empty span.
    """
    anchors = np.array([_first_visible(template.text, start, end) for start, end in offsets])
    start, end = template.rationale
    # White space of its own before the rationale ("3" behind single-digit tokenisers) is the student's to write.
    before_it = len(template.text[:start]) - len(template.text[:start].rstrip())
    num_before = int(np.searchsorted(anchors, start - before_it))
    rationale_end = int(np.searchsorted(anchors, end))
    answer_start, answer_end = (int(np.searchsorted(anchors, edge)) for edge in template.answer)
    assert num_before < rationale_end <= answer_start < answer_end, (template.text, offsets)

    spans = np.array(offsets[num_before:rationale_end], dtype=np.int64) - start
    for index in range(1, len(spans)):
        held = spans[index - 1, 1]
        if held < spans[index, 0] and not template.text[start + held : start + spans[index, 0]].strip():
            spans[index, 0] = held
    step_starts = np.array([step_start for step_start, _ in steps])
    token_steps = np.searchsorted(step_starts, anchors[num_before:rationale_end] - start, side="right") - 1
    return Parts(
        num_before=num_before,
        num_rationale=rationale_end - num_before,
        token_spans=np.clip(spans, 0, end - start),
        token_steps=np.clip(token_steps, 0, None),
        answer=(answer_start, answer_end),
    )


def token_offsets(encoded: Any) -> list[Span]:
    """The character span of every token of a tokenised text.

    A token that is nothing but SentencePiece's mark of a word's beginning has none of its own: it gets an empty one,
    where tokenisers would give it the next token's first character.
    """
    pairs = zip(encoded.tokens(), encoded["offset_mapping"], strict=True)
    return [(start, start if piece == WORD_BEGIN else end) for piece, (start, end) in pairs]


def encode_example(template: TemplateText, steps: Sequence[Span], tokenizer: Any) -> EncodedExample:
    """Tokenise a template text once and give every token its part and its step (`find_parts`)."""
    encoded = tokenizer(template.text, add_special_tokens=False, truncation=False, return_offsets_mapping=True)
    parts = find_parts(template, steps, token_offsets(encoded))
    before = _begin_tokens(tokenizer)
    after = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    return EncodedExample(
        input_ids=np.array([*before, *encoded["input_ids"], *after], dtype=np.int64),
        num_question=parts.num_before + len(before),
        num_rationale=parts.num_rationale,
        token_spans=parts.token_spans,
        token_steps=parts.token_steps,
        answer_positions=(parts.answer[0] + len(before), parts.answer[1] + len(before)),
    )


def encode_answer_only(question: str, answer: str, tokenizer: Any) -> EncodedExample:
    """Prompt and answer sentence with no rationale between them: what a student is taught that shall only answer.

    The two are tokenised apart, for some tokenisers would merge the prompt's last character with the line's end, and
    the student is asked by the prompt alone.
    """
    sentence = f"\n{ANSWER_TRIGGER} {answer}."
    told = tokenizer(sentence, add_special_tokens=False, return_offsets_mapping=True)
    anchors = np.array([_first_visible(sentence, start, end) for start, end in told["offset_mapping"]])
    asked = encode_prompt(question, tokenizer)
    after = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    end = len(sentence) - 1
    answer_start, answer_end = (int(np.searchsorted(anchors, edge)) for edge in (end - len(answer), end))
    return EncodedExample(
        input_ids=np.array([*asked, *told["input_ids"], *after], dtype=np.int64),
        num_question=len(asked),
        num_rationale=0,
        token_spans=np.empty((0, 2), dtype=np.int64),
        token_steps=np.empty(0, dtype=np.int64),
        answer_positions=(len(asked) + answer_start, len(asked) + answer_end),
    )


def encode_prompt(question: str, tokenizer: Any) -> list[int]:
    """The tokens of the question's prompt as they stand at the start of its template text."""
    return _begin_tokens(tokenizer) + list(tokenizer(question_prompt(question), add_special_tokens=False)["input_ids"])


def _begin_tokens(tokenizer: Any) -> list[int]:
    """[bos] for tokenisers that put it in front by themselves, else nothing."""
    bos = tokenizer.bos_token_id
    return [bos] if bos is not None and tokenizer("a")["input_ids"][:1] == [bos] else []


def _first_visible(text: str, start: int, end: int) -> int:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()) if piece.strip() else start
