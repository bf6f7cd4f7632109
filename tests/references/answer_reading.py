"""A second reading of an output's answer, character by character and word by word; without a regular expression.

The answer is what the last sentence that came to its end calls the answer: "... answer is N", "answer: N", "N is the
answer". Where no sentence does, it is the last number of the output's own first answer: a small student goes on with
questions ("Q: ...") and other answers ("B: ...") of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

VERBS = ("is", "equals", "would be", "will be", "should be")
OPERATORS = ("+", "-", "*", "/", "×")
MOST_DIGITS = 60


def read_answer(text: str) -> Fraction | None:
    """The value of the answer; None where the output gives none."""
    lines = text.split("\n")
    own = [lines[0], *_until(lines[1:], lambda line: _speaker(line) in ("q", "question"))]
    sentences = [sentence for line in _announced(own) for sentence in _sentences(line)]
    read = [said for sentence in sentences if (said := _conclusion(sentence)) is not None]
    ended = [said for said in read if not _is_open(said)]
    if said := (ended or read)[-1:]:
        return _value_of(said[0])
    first = [own[0], *_until(own[1:], lambda line: len(_speaker(line)) == 1 and _speaker(line) > "a")]
    numbers = [value for line in first for value, _ in _numbers(line)]
    numbers = numbers or [value for line in own for value, _ in _numbers(line)]
    return numbers[-1] if numbers else None


def _until(lines: list[str], ends: Callable[[str], bool]) -> list[str]:
    stop = next((place for place, line in enumerate(lines) if ends(line)), len(lines))
    return lines[:stop]


def _announced(lines: list[str]) -> list[str]:
    """What a line announces with a colon stands on the next line that has anything."""
    joined: list[str] = []
    for line in lines:
        if joined and joined[-1].rstrip("* ").endswith(":"):
            joined[-1] = f"{joined[-1]} {line.strip()}".rstrip()
        else:
            joined.append(line)
    return joined


def _speaker(line: str) -> str:
    """The mark at the start of a line, such as "q" of "Q: Tom has 3 pens."; a ratio "L:B" is none."""
    mark, colon, rest = line.strip().partition(":")
    return mark.strip().lower() if colon and (not rest or rest[0] == " ") else ""


def _sentences(line: str) -> list[str]:
    """A full stop ends one where no further character of a number or a word follows at once."""
    sentences, start = [], 0
    for place, character in enumerate(line):
        if character in ".!?" and (place + 1 == len(line) or line[place + 1].isspace()):
            sentences.append(line[start:place])
            start = place + 1
    return [*sentences, line[start:]]


def _conclusion(sentence: str) -> str | None:
    """What the sentence calls the answer; None where it speaks of none. Of two statements, the last."""
    words = " ".join(sentence.split())
    lower = words.lower()
    at = lower.rfind("answer")
    while at >= 0:
        behind = lower[at + len("answer") :]
        for verb in VERBS:
            after = len(f" {verb}")
            if behind.startswith(f" {verb}") and not behind[after : after + 1].isalpha():
                return words[at + len("answer") + after :].lstrip(" :=")
        if behind.lstrip().startswith((":", "=")):
            return behind.lstrip()[1:]
        before = lower[:at].split()
        if before[-1:] and before[-1] in ("final", "correct", "right", "best", "only"):
            before = before[:-1]
        if before[-2:] in (["is", "the"], ["is", "our"], ["is", "my"]):
            subject = " ".join(before[:-2][-2:])
            if found := _numbers(subject):
                return subject[found[-1][1] :]
        at = lower.rfind("answer", 0, at)
    return None


def _is_open(said: str) -> bool:
    """Cut off: nothing is said, or a calculation without its result."""
    if not any(character.isalnum() for character in said) or said.rstrip().endswith("="):
        return True
    if "=" in said:
        return False
    parts = said.split(" ")
    for place, part in enumerate(parts):
        if place and part in OPERATORS and _numbers(parts[place - 1]):
            return not parts[place + 1 :] or bool(_numbers(parts[place + 1]))
    return False


def _value_of(said: str) -> Fraction | None:
    """Behind the last "=" the first number, or else the first of all."""
    for part in (said.split("=")[-1], said):
        stripped = part.lstrip(" $")
        negative = stripped[:1] in ("-", "−") and stripped[1:2] == " "
        if found := _numbers(stripped[1:] if negative else part):
            return -found[0][0] if negative else found[0][0]
    return None


def _numbers(text: str) -> list[tuple[Fraction, int]]:
    """Every number with the place where it starts."""
    found, place = [], 0
    while place < len(text):
        if text[place].isdigit() and not _continues(text, place):
            value, end = _number_at(text, place)
            sign, start = _sign_before(text, place)
            if value is not None:
                found.append((sign * value, start))
            place = end
        else:
            place += 1
    return found


def _continues(text: str, place: int) -> bool:
    """Whether what starts here is the tail of a word or of another number, as the 2 of x2 and of 1.2."""
    return place > 0 and (text[place - 1].isalnum() or text[place - 1] in "_^.\\\\")


def _sign_before(text: str, place: int) -> tuple[int, int]:
    """-1 for a minus sign that no operand stands before; and where the number starts with its sign and currency."""
    while place and text[place - 1] in "$€£(":
        place -= 1
    if place and text[place - 1] in "-−" and not (place > 1 and (text[place - 2].isalnum() or text[place - 2] in ")]")):
        return -1, place - 1
    return 1, place


def _number_at(text: str, place: int) -> tuple[Fraction | None, int]:
    """The number whose first digit stands at `place`, and where it ends; a fraction and a mixed number are one."""
    digits, end = _digits(text, place)
    if "." not in digits and "," not in text[place:end]:
        if text[end : end + 1] == "/" and text[end + 1 : end + 2].isdigit():
            below, stop = _digits(text, end + 1)
            if "." not in below and text[stop : stop + 1] != "/":
                return (Fraction(int(digits), int(below)) if int(below) else None), stop
        if text[end : end + 1] == " " and text[end + 1 : end + 2].isdigit():
            part, stop = _number_at(text, end + 1)
            if part is not None and "/" in text[end:stop] and 0 < part < 1:
                return int(digits) + part, stop
    if end - place > MOST_DIGITS:
        return None, end
    return Fraction(digits), end


def _digits(text: str, place: int) -> tuple[str, int]:
    """Digits with their thousands and decimals from `place` on, without the commas; and where they end."""
    end = place
    while end < len(text) and text[end].isdigit():
        end += 1
    while text[end : end + 1] == "," and text[end + 1 : end + 4].isdigit() and len(text[end + 1 : end + 4]) == 3:
        if text[end + 4 : end + 5].isdigit():
            break
        end += 4
    if text[end : end + 1] == "." and text[end + 1 : end + 2].isdigit():
        end += 1
        while end < len(text) and text[end].isdigit():
            end += 1
    return text[place:end].replace(",", ""), end
