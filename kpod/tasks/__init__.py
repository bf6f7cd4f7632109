"""Kinds of question: how they are loaded, how answers are found in text and compared.

`get(name).extract_answer("So the answer is $1,250.00.")` -> "1250"
"""

from kpod.tasks.base import Task
from kpod.tasks.loading import guess, load_questions
from kpod.tasks.registry import get, names

__all__ = ["Task", "get", "guess", "load_questions", "names"]
