"""What a teacher is asked, and what its output holds: a rationale, and the sentence that states the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kpod.prompts import ANSWER_TRIGGER, COT_PROMPT
from kpod.records import Question
from kpod.tasks.answers import own_text
from kpod.tasks.base import Kind
from kpod.teacher.answer_sentences import answer_sentences, without_answer_sentences

CHAT_PROMPT = (
    f"{{question}}\n\n{COT_PROMPT} Write the steps as plain sentences, without headings or lists. "
    f'End with a line of its own: "{ANSWER_TRIGGER}" and then {{answer_form}}.'
)
"""Zero-shot chain of thought (Kojima et al. 2022; the paper's teacher), the answer asked for in the same breath."""

PLAIN_PROMPT = f'Q: {{question}} (End with "{ANSWER_TRIGGER}" and then {{answer_form}}.)\nA: {COT_PROMPT}'
"""The same for a model that only continues text."""

STOP = "\nQ:"
"""Where a model that only continues text asks itself the next question."""

ANSWER_FORMS: dict[Kind, str] = {
    "number": "the number alone, without a unit",
    "letter": "the letter of the right option in brackets",
    "yes_no": "yes or no",
    "text": "the answer in a few words",
}


def make_prompt(question: str, kind: Kind, template: str | None, *, plain: bool) -> str:
    """The text of a request; braces in the question are its own."""
    template = template if template is not None else (PLAIN_PROMPT if plain else CHAT_PROMPT)
    head, *rest = template.replace("{answer_form}", ANSWER_FORMS[kind]).split("{question}")
    return question.strip().join([head, *rest])


@dataclass(frozen=True)
class Output:
    """A teacher's output taken apart; None is what it has not."""

    rationale: str | None
    statement: str | None


_THINKING = re.compile(r"\A\s*<think>.*?(?:</think>|\Z)", re.DOTALL)
_OPENED_BY_THE_PROMPT = re.compile(r"\A(?:(?!<think>).)*</think>", re.DOTALL)


def without_thinking(text: str) -> str:
    """Without a block of `<think>` in front; of one that never ends nothing is left."""
    return _OPENED_BY_THE_PROMPT.sub("", _THINKING.sub("", text, count=1), count=1)


def read_output(text: str, question: Question, *, plain: bool) -> Output:
    """Rationale and statement of the answer of an output.

    A block of `<think>` in front is the model's own and left out; so is, where the model only continues text
    (`plain`), a next question of its own making. The training text states the answer itself, after the rationale
    (`kpod.prompts.fill_template`), so sentences that only state it are taken out.
    """
    text = without_thinking(text)
    whole = replace(question, rationale=(own_text(text) if plain else text).strip(), roles=None)
    statements = answer_sentences(whole)
    rationale = (without_answer_sentences(whole).rationale or "").strip()
    assert whole.rationale is not None
    return Output(rationale or None, whole.rationale[slice(*statements[-1])].strip() if statements else None)
