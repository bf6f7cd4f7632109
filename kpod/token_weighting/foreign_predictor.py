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
    """`question | rationale | suffix` of one template text: the rationale of the student, the rest of the predictor.

    Ids of the rationale are of the student's vocabulary, all others of the predictor's.
    """
    question = predictors.input_ids[: predictors.num_question]
    rationale = students.input_ids[students.num_question : students.rationale_end]
    suffix = predictors.input_ids[predictors.rationale_end :]
    moved = students.num_rationale - predictors.num_rationale
    start, end = predictors.answer_positions
    return replace(
        students,
        input_ids=np.concatenate([question, rationale, suffix]),
        num_question=len(question),
        answer_positions=(start + moved, end + moved),
    )
