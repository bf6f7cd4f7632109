"""An answer predictor that is not the student: its own tokens for question and answer, the student's for the rationale.

The weights are those of the student's tokens, so the rationale comes in as the student's embeddings, through a
learned linear map into the predictor's width, as the paper has it for FlanT5. Question, trigger and answer are in the
predictor's own tokens: its output matrix can predict no others, and it knows its own embeddings already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kpod.prompts import EncodedExample


@dataclass(frozen=True)
class ForeignPredictor:
    """Another model, the training examples in its own tokens, in the students' order, and its padding token."""

    model: Any
    examples: Sequence[EncodedExample]
    pad_id: int


def with_student_rationale(students: EncodedExample, predictors: EncodedExample) -> EncodedExample:
    """The predictor's example (causal or encoder-decoder) with the student's tokens in place of its rationale.

    Ids of the rationale are then of the student's vocabulary, all others of the predictor's.
    """
    rationale = students.input_ids[students.num_question : students.rationale_end]
    moved = students.num_rationale - predictors.num_rationale
    start, end = predictors.answer_positions
    return replace(
        predictors,
        input_ids=np.concatenate(
            [
                predictors.input_ids[: predictors.num_question],
                rationale,
                predictors.input_ids[predictors.rationale_end :],
            ]
        ),
        num_rationale=students.num_rationale,
        token_spans=students.token_spans,
        token_steps=students.token_steps,
        answer_positions=(start + moved, end + moved),
    )
