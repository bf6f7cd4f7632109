"""Which options of a multiple-choice question a sentence names by their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

_ENDINGS = [
    (re.compile(ending), instead)
    for ending, instead in (
        (r"(?<=[a-z]{2})ies$", "y"),
        (r"(s|x|z|ch|sh)es$", r"\1"),
        (r"(?<=[a-z]{2})(?<![us])s$", ""),
        (r"^(.*[aeiouy].*)ing$", r"\1"),  # not of "king"
        (r"([bdgmnprt])\1$", r"\1"),  # of "putting"
        (r"(?<=[a-z]{2})e$", ""),  # "hoping", "hope"
        (r"y$", "i"),  # "movies", "movie"
    )
]


def last_named(sentences: Iterable[str], choices: Sequence[str]) -> list[int]:
    """Positions of the choices that the first of the sentences names that names any, in other forms of their words
    where none names one as it stands.
    """
    sentences = list(sentences)
    for words_of in (_words_of, _stems_of):
        for sentence in sentences:
            if found := _named(sentence, choices, words_of):
                return found
    return []


def _named(sentence: str, choices: Sequence[str], words_of: Callable[[str], str]) -> list[int]:
    """Positions of the choices that the sentence names, of two that overlap the longer."""
    rest = f" {words_of(sentence)} "
    of_choices = [f" {words_of(choice)} " for choice in choices]
    found = []
    for words in sorted(dict.fromkeys(of_choices), key=len, reverse=True):
        if words.strip() and words in rest:
            found += [position for position, each in enumerate(of_choices) if each == words]
            rest = rest.replace(words, " | ")
    return found


def _words_of(text: str) -> str:
    """Words in lower case, without the s of a plural."""
    return " ".join(re.sub(r"(?<=[a-z]{2})s$", "", word) for word in re.findall(r"[^\W_]+", text.lower()))


def _stems_of(text: str) -> str:
    """Words in lower case without articles and endings, so that "pulling up the covers" holds "pull up covers"."""
    words = [word for word in re.findall(r"[^\W_]+", text.lower()) if word not in ("a", "an", "the")]
    for ending, instead in _ENDINGS:
        words = [ending.sub(instead, word) for word in words]
    return " ".join(words)
