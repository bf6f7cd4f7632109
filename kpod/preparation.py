"""From a file of questions to the tables of questions, steps and tokens: what is used, what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kpod.errors import InputError, RunCancelled
from kpod.lengths import Lengths
from kpod.overlong import split_overlong
from kpod.progress import Reporter
from kpod.prompt_pairs import encode_pair, encode_pair_prompt, fill_target
from kpod.prompts import EncodedExample, encode_example, encode_prompt, fill_template
from kpod.records import Question, Span, roles_within
from kpod.step_splitting import split_steps
from kpod.students.registry import Family
from kpod.tasks.small_world.roles import token_roles
from kpod.teacher import CheckReport, Rules, filter_rationales


@dataclass(frozen=True)
class Example:
    """A training question with its steps and its tokens."""

    question: Question
    steps: list[Span]
    encoded: EncodedExample


def choose_training(questions: Sequence[Question], *, split: str, rules: Rules) -> tuple[list[Question], CheckReport]:
    """The questions of the split with a usable rationale, and the report of what the checks found."""
    in_split = [question for question in questions if question.split == split]
    if not in_split:
        found = sorted({question.split for question in questions})
        raise InputError(f"No question has split {split!r}; the data have {', '.join(found)}. Set data.train_split.")
    kept, report = filter_rationales(in_split, rules)
    if not kept:
        raise InputError(
            f"None of the {len(in_split)} questions of split {split!r} has a usable rationale: {report.dropped}."
        )
    return kept, report


def choose_evaluation(
    questions: Sequence[Question],
    *,
    split: str,
    limit: int | None,
    setting: str = "data.evaluation_split or data.evaluation_source",
) -> list[Question]:
    """The first `limit` questions of the split to be measured on. `setting`: what says which, for the message."""
    chosen = [question for question in questions if question.split == split][:limit]
    if not chosen:
        found = sorted({question.split for question in questions})
        raise InputError(
            f"No question has split {split!r} to measure on; the data have {', '.join(found)}. Set {setting}."
        )
    return chosen


def check_disjoint(training: pd.DataFrame, evaluation: pd.DataFrame) -> None:
    """Raise InputError where a question is both trained on and measured, or an id names two questions.

    Both tables have the columns question (its id) and text; a part of a rationale counts by the id of the whole one.
    """
    ids = training["part_of"].fillna(training["question"]) if "part_of" in training else training["question"]
    trained = dict(zip(ids, training["text"], strict=True))
    both = [row for row in evaluation[["question", "text"]].itertuples(index=False) if row.question in trained]
    if not both:
        return
    first = both[0]
    if first.text != trained[first.question]:
        raise InputError(
            f"The id {first.question!r} names a training question and another one to measure on ({len(both)} such "
            "ids). Make the ids of the two files distinct."
        )
    raise InputError(
        f"{len(both)} questions are both trained on and measured, {first.question!r} among them. "
        "Use another split for data.evaluation_split than for data.train_split."
    )


def check_room(
    texts: Sequence[str],
    tokenizer: Any,
    max_new_tokens: int,
    context: int | None,
    family: Family = "decoder_only",
) -> None:
    """Raise InputError where a question and the longest output do not both fit into the student's context.

    The two sides of an encoder-decoder student have one each.
    """
    if context is None:
        return
    if family == "decoder_only":
        longest = max(len(encode_prompt(text, tokenizer)) for text in texts)
        needed, room = longest + max_new_tokens, f"{context}"
    else:
        longest = max(len(encode_pair_prompt(text, tokenizer)[0]) for text in texts)
        needed, room = max(longest, max_new_tokens), f"{context} for each of the two"
    if needed > context:
        raise InputError(
            f"The longest question to measure on has {longest} tokens; with evaluation.max_new_tokens = "
            f"{max_new_tokens} that is more than the student's context of {room}. Lower "
            "evaluation.max_new_tokens, shorten the questions, or take another student."
        )


def encode_question(question: Question, tokenizer: Any, mode: str, family: Family = "decoder_only") -> Example:
    """Split the rationale into steps and tokenise the template, as a student of the family reads and writes it."""
    assert question.rationale is not None
    return Example(question, *encode_steps(question, split_steps(question.rationale, mode), tokenizer, family))


def encode_steps(
    question: Question, steps: list[Span], tokenizer: Any, family: Family = "decoder_only"
) -> tuple[list[Span], EncodedExample]:
    """Tokenise the template of a question whose rationale has these steps; the steps, and the tokens.

    A step without a token of its own (its characters share one with the step before, as in "e.g." split at every
    period) becomes part of the step before.
    """
    assert question.rationale is not None
    encoded = _encode(question, steps, tokenizer, family)
    owned = np.unique(encoded.token_steps)
    if len(owned) < len(steps):
        last_parts = [*(owned[1:] - 1), len(steps) - 1]
        steps = [(steps[first][0], steps[last][1]) for first, last in zip(owned, last_parts, strict=True)]
        encoded = _encode(question, steps, tokenizer, family)
    return steps, replace(encoded, teaches_answer=question.part == question.parts)


def _encode(question: Question, steps: list[Span], tokenizer: Any, family: Family) -> EncodedExample:
    assert question.rationale is not None
    if family == "decoder_only":
        template = fill_template(question.text, question.rationale, question.answer, question.given)
        return encode_example(template, steps, tokenizer)
    target = fill_target(question.rationale, question.answer, question.given)
    return encode_pair(question.text, target, steps, tokenizer)


def encode_all(
    questions: Sequence[Question],
    tokenizer: Any,
    mode: str,
    max_tokens: int,
    limit: int | None = None,
    reporter: Reporter | None = None,
    overlong: str = "skip",
    family: Family = "decoder_only",
) -> tuple[list[Example], Lengths]:
    """The examples of the first `limit` questions that fit into `max_tokens`, and how long all were that were read.

    overlong: whether a question that does not fit is passed over (`skip`) or becomes several examples (`split`), where
    its single steps fit. Raises InputError where nothing fits, RunCancelled where asked to stop.
    """
    reporter = reporter or Reporter()
    examples: list[Example] = []
    lengths = Lengths(max_tokens)
    used = 0
    for question in questions:
        if reporter.cancelled():
            raise RunCancelled("Stopped while the questions were read.")
        example = encode_question(_stripped(question), tokenizer, mode, family)
        lengths.tokens.append(len(example.encoded))
        lengths.steps.append(len(example.steps))
        found = _fitting(example, tokenizer, max_tokens, overlong, family)
        if not found:
            lengths.skipped.append(question.id)
        elif len(found) > 1:
            lengths.split.append(question.id)
            lengths.parts += len(found)
        examples += found
        used += bool(found)
        reporter.advance()
        if limit is not None and used == limit:
            break
    if not examples:
        raise InputError(
            f"All {len(questions)} questions with their rationales are longer than {max_tokens} tokens, the least of "
            f"student.max_tokens and the student's context; the shortest has {min(lengths.tokens)} tokens. Raise "
            "student.max_tokens, take another student, or shorten the data."
        )
    return examples, lengths


def _fitting(example: Example, tokenizer: Any, max_tokens: int, overlong: str, family: Family) -> list[Example]:
    if len(example.encoded) <= max_tokens:
        return [example]
    if overlong == "skip":
        return []

    def encode(part: Question, steps: list[Span]) -> tuple[list[Span], EncodedExample]:
        return encode_steps(part, steps, tokenizer, family)

    parts = split_overlong(example.question, example.steps, example.encoded, max_tokens, encode)
    return [Example(part.question, part.steps, part.encoded) for part in parts]


def count_unknown(examples: Sequence[Example], tokenizer: Any) -> int:
    """Rationale tokens that the tokeniser has no name for: the student can neither read nor write them."""
    unknown = tokenizer.unk_token_id
    if unknown in (None, tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id):
        return 0  # a byte-level tokeniser, which knows everything
    encoded = [example.encoded for example in examples]
    return sum(int((each.input_ids[each.num_question : each.rationale_end] == unknown).sum()) for each in encoded)


def questions_table(questions: Sequence[Question], *, trained: bool) -> pd.DataFrame:
    """The rows of the table of questions that are trained on, in the order of `question_index`, or those that are not.

    Where a rationale was split: part_of (the id of the whole one, none for one that was not split), part, parts, given.
    """
    with_parts = any(question.part_of is not None for question in questions)
    rows = [
        {
            "question": q.id,
            "text": q.text,
            "answer": q.answer,
            "split": q.split,
            "rationale": q.rationale,
            "teacher": q.teacher,
            "teacher_correct": q.teacher_correct,
            "choices": q.choices,
            "num_steps": number_of_steps(q),
            "flags": ", ".join(q.flags) or None,
            "trained": trained,
        }
        | ({"part_of": q.part_of, "part": q.part, "parts": q.parts, "given": q.given} if with_parts else {})
        for q in questions
    ]
    frame = pd.DataFrame(rows)
    texts = ("question", "text", "answer", "split", "rationale", "teacher", "flags")
    for column in (*texts, *(("part_of", "given") if with_parts else ())):
        frame[column] = frame[column].astype("string")
    frame["teacher_correct"] = frame["teacher_correct"].astype("boolean")
    for column in ("num_steps", *(("part", "parts") if with_parts else ())):
        frame[column] = frame[column].astype("Int32")
    return frame


def number_of_steps(question: Question) -> int | None:
    """How many steps a question takes: as the data say, else as its rationale has, else unknown."""
    if question.num_steps is not None or question.rationale is None:
        return question.num_steps
    return len(split_steps(question.rationale))


def steps_table(examples: Sequence[Example]) -> pd.DataFrame:
    """One row a step: question, step, its characters of the rationale, its text."""
    rows = [
        {
            "question_index": index,
            "question": example.question.id,
            "step": step,
            "character_start": start,
            "character_end": end,
            "text": example.question.rationale[start:end],
        }
        for index, example in enumerate(examples)
        for step, (start, end) in enumerate(example.steps)
    ]
    return pd.DataFrame(rows)


def tokens_table(examples: Sequence[Example]) -> pd.DataFrame:
    """One row a rationale token: question, position, its characters of the rationale, its step.

    And its role, where the data say what the parts of every rationale are.
    """
    with_roles = all(example.question.roles is not None for example in examples)
    frames = []
    for index, example in enumerate(examples):
        encoded = example.encoded
        frames.append(
            pd.DataFrame(
                {
                    "question_index": index,
                    "question": example.question.id,
                    "position": range(encoded.num_rationale),
                    "character_start": encoded.token_spans[:, 0],
                    "character_end": encoded.token_spans[:, 1],
                    "step": encoded.token_steps,
                }
            )
        )
        if with_roles:
            question = example.question
            frames[-1]["role"] = token_roles(question.rationale, encoded.token_spans, question.roles)
    frame = pd.concat(frames, ignore_index=True)
    if with_roles:
        frame["role"] = frame["role"].astype("category")
    return frame.astype(
        {
            "question": "category",
            "question_index": "int32",
            "position": "int32",
            "step": "int32",
            "character_start": "int32",
            "character_end": "int32",
        }
    )


def examples_of_tables(
    questions: pd.DataFrame, steps: pd.DataFrame, tokenizer: Any, family: Family = "decoder_only"
) -> list[Example]:
    """The examples of a run again, from its tables: later stages use the artefacts and not the source file."""
    by_question = steps.groupby("question_index")[["character_start", "character_end"]]
    spans = {index: [tuple(row) for row in rows.to_numpy().tolist()] for index, rows in by_question}
    with_parts = "part_of" in questions
    examples = []
    for index, row in enumerate(questions[questions["trained"]].itertuples(index=False)):
        question = Question(row.question, row.text, row.answer, row.rationale, row.split)
        if with_parts and not pd.isna(row.part_of):
            question = replace(question, part_of=row.part_of, part=row.part, parts=row.parts, given=row.given)
        examples.append(Example(question, *encode_steps(question, spans[index], tokenizer, family)))
    return examples


def _stripped(question: Question) -> Question:
    assert question.rationale is not None
    text = question.rationale.strip()
    start = len(question.rationale) - len(question.rationale.lstrip())
    return replace(question, rationale=text, roles=roles_within(question.roles, start, start + len(text)))
