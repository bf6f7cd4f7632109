"""What can be wrong with a teacher's rationale: the reasons by name, and one finding."""

from __future__ import annotations

from dataclasses import dataclass

NO_RATIONALE = "no rationale"
ONLY_ANSWER = "only the answer"
WRONG_ANSWER = "wrong answer"
ANSWER_UNKNOWN = "answer unknown"
TRUNCATED = "truncated"
ANSWER_SENTENCE = "answer sentence"
ANSWER_FIRST = "answer first"
REPEATED = "repeated"
NEAR_RATIONALE = "near-identical rationale"
NEAR_QUESTION = "near-identical question"
TWO_ANSWERS = "two gold answers"

REASONS: dict[str, str] = {
    NO_RATIONALE: "missing or blank",
    ONLY_ANSWER: "nothing but a sentence that states the answer",
    WRONG_ANSWER: "its own answer is not the gold one",
    ANSWER_UNKNOWN: "it states no answer that could be held against the gold one",
    TRUNCATED: "cut off: the file says so, or it ends in the middle of a sentence, a bracket or an endless list",
    ANSWER_SENTENCE: 'a sentence such as "Therefore, the answer is 9.", which the template adds by itself',
    ANSWER_FIRST: "the first step states the answer before any calculation",
    REPEATED: "question and rationale stand earlier, but for white space",
    NEAR_RATIONALE: "a rationale of the same question is nearly the same",
    NEAR_QUESTION: "an earlier question under another id has nearly the same text, the same numbers and answer",
    TWO_ANSWERS: "an earlier question has the same text and another gold answer",
}
"""Every reason and what it means, in the order in which the first one that drops a question is its reason."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a question's rationale: a reason of `REASONS`, and what was seen."""

    reason: str
    detail: str
