r"""Numbers, letters, yes and no: found in text and brought to one canonical form.

    "The answer is $1,250.00."            "1250"        "... = \frac{3}{4} of it. #### 3/4"    "0.75"
    "So 2 of 6 boxes, 1/3, are left."     "1/3"         "Therefore, the answer is (C)."        "C"

The canonical form of a number is its shortest exact one: no thousands separators, no unit, no currency, no
trailing zeros; a fraction that no finite decimal equals stays a fraction in lowest terms. A percent sign is a
unit ("25%" is "25"), as in the answers of arithmetic data sets. Values are compared as fractions, never as
floats or strings: "0.50" equals "1/2", and "0.33" does not equal "1/3".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from fractions import Fraction

from kpod.tasks.named_choices import last_named

MAX_DIGITS = 60  # of one number; anything longer is a model running on

_BEFORE = r"[-−$€£¥]*[0-9][0-9.,/]*(?:\s+(?!is\b)[a-z]+)?|\(\s*[a-z]\s*\)|(?-i:[A-Z])"  # "9 pens is the answer"
_MARKER = re.compile(
    r"\banswer(?:(?:\s+to\s[^.\n]{0,80}?)?\s+(?:is|would\s+be|will\s+be|should\s+be|equals)\b\s*[:=]?|\s*[:=])"
    r"|(?P<hashes>####)|(?P<boxed>\\boxed\s*\{)"
    rf"|(?<![\w.,])(?P<before>{_BEFORE})\s+is\s+(?:the|our|my)\s+(?:(?:final|correct|right|best|only)\s+)?answer\b",
    re.IGNORECASE,
)
# Nothing behind "the answer is", or a calculation without its result: the text was cut off there.
_CUT_OFF = re.compile(r"^\W*$|=\s*$|^[^=]*[0-9]\s+[-+*/×](?:\s+[$€£¥(]*[0-9][^=]*|\s*)$")
# A small student runs on with a next question of its own; that question's answer is not this one's.
_NEXT_QUESTION = re.compile(r"\n\s*(?:Q|Question)\s*\d*\s*:")
_NEXT_ANSWER = re.compile(r"\n\s*[B-Z]\s*:\s")  # or with another answer than "A:"
# Not at the periods of "St. Louis", "George W. Bush", "J. K. Rowling"; "C." alone ends with its period.
_TITLES = "".join(rf"(?<!\b{title})" for title in ("Mr", "Mrs", "Ms", "Dr", "St", "Mt", "Ft", "Prof", "Gen", "Capt"))
_ANSWER_END = re.compile(rf"{_TITLES}(?<!\s[A-Z])[.!?](?=\s|$)(?!\s[A-Z]\.)|(?<![:\n])\n")

_DIGITS = r"(?:[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9_.^\\])(?:(?P<minus>(?<![A-Za-z0-9)\]])-))?(?:\(\s*)?(?:[$€£¥]\s?)?(?P<inner_minus>-)?"
    rf"(?:(?P<whole>[0-9]+)\s+(?P<part>[0-9]+)\s?/\s?(?P<parts>[0-9]+)(?![0-9/]|\.[0-9])"
    rf"|(?P<numerator>[0-9]+)/(?P<denominator>[0-9]+)(?![0-9/]|\.[0-9])|(?P<decimal>{_DIGITS}))"
)
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_NUMBER_WORDS = {word: value for value, word in enumerate(_WORDS.split())}
_WORD = re.compile(r"[A-Za-z]+")

_LETTER = re.compile(r"(?<![A-Za-z0-9'’])(?:\(\s*([A-Za-z])\s*\)|\[([A-Za-z])\]|([A-Z])(?![A-Za-z0-9'’]))")
_NAMED_LETTER = re.compile(r"\b(?:option|choice|alternative)(?:\s*\(|\s+)([A-Za-z])\b", re.IGNORECASE)
_BRACKETED_LETTER = re.compile(r"[(\[]\s*([A-Z])\s*[)\]]")
_AFTER_LETTER = re.compile(r"\s+(?!(?:because|since|as|and|for|which|is|due|so|but|or|not)\b)[a-z]")
_YES_NO = re.compile(r"\b(yes|no|true|false)\b", re.IGNORECASE)
# Without "the answer is": as a sentence, or opening one. The "no" of "there is no rain" answers nothing.
_YES_NO_SENTENCE = re.compile(r"(?:^|[.!?\n]\s*|\b[Ss]o,?\s+)(yes|no|true|false)(?=\s*(?:[,.!;]|$))", re.IGNORECASE)


def answer_statements(text: str) -> list[str]:
    r"""What the text itself calls its answer, last first: behind "answer is", `####`, in `\boxed{}`, "9 is the answer".

    The text ends where a next question (`\nQ:`) begins. A statement ends with its sentence or line; one that is cut off
    counts only where there is no other.
    """
    text = own_text(text)
    statements = []
    for match in _MARKER.finditer(text):
        if match["boxed"]:
            statements.append(_braced(text, match.end()))
            continue
        if match["before"]:
            statements.append(match["before"])
            continue
        rest = re.sub(r"[ \t]+\n", "\n", text[match.end() : match.end() + 500].lstrip())
        end = _ANSWER_END.search(rest)
        statements.append(rest[: end.start()] if end else rest)
    return [each for each in statements if not _CUT_OFF.search(each)][::-1] or statements[::-1]


def own_text(text: str) -> str:
    """The text up to where it begins another question."""
    match = _NEXT_QUESTION.search(text)
    return text[: match.start()] if match else text


def find_numbers(text: str) -> list[Fraction]:
    """Every number of `text`, in order, as an exact value; signs, LaTeX and Unicode fractions included."""
    values = (_value(match) for match in _NUMBER.finditer(_plain(text)))
    return [value for value in values if value is not None]


def parse_number(text: str) -> Fraction | None:
    """The value of a text that is one number, with a currency or a unit at most ("$1,200", "12 feet")."""
    plain = _plain(text).strip()
    match = _NUMBER.match(plain)
    if match is None or re.search(r"[0-9=+*/:;]", plain[match.end() :]):
        return None
    return _value(match)


def canonical_number(value: Fraction) -> str:
    """The shortest exact text: digits, a decimal point where it is exact, else a fraction in lowest terms."""
    twos = fives = 0
    rest = value.denominator
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    places = max(twos, fives)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    sign = "-" if value < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def extract_number(text: str) -> str | None:
    """The number that the text gives as its answer, canonical, or None.

    Of a statement of the answer the value behind its last "=", else its first number, else a number word up
    to twenty. A text whose last statement holds no number ("the answer is unknown") has no answer. A text
    without any statement answers by its last number, of its first answer where a small student goes on with others
    ("\\nB: ..."). "2 million" is 2: the word is taken as a unit.
    """
    statements = answer_statements(text)
    if not statements:
        own = own_text(text)
        numbers = find_numbers(_NEXT_ANSWER.split(own)[0]) or find_numbers(own)
        return canonical_number(numbers[-1]) if numbers else None
    statement = statements[0].rsplit("=", 1)[-1]
    signed = re.sub(r"^[\s$]*[-−]\s*", "-", statement)  # "the answer is - 3": here no operator can stand
    if numbers := find_numbers(signed) or find_numbers(statements[0]):
        return canonical_number(numbers[0])
    words = number_words(statement)
    return str(words[0]) if words else None


def number_words(text: str) -> list[int]:
    """The values of the words from zero to twenty in `text`, in order."""
    return [_NUMBER_WORDS[word.lower()] for word in _WORD.findall(text) if word.lower() in _NUMBER_WORDS]


def numbers_equal(predicted: str | None, gold: str) -> bool:
    """Whether both are numbers of exactly one value."""
    if predicted is None:
        return False
    value = parse_number(predicted)
    return value is not None and value == parse_number(gold)


def answer_holds_number(text: str, gold: str) -> bool:
    """Whether a rationale gives `gold` as its answer, judged as a reader would.

    A rationale that calls nothing its answer often ends on another number ("... = 15 minutes more for the 5
    miles"), so there any number of its last sentence with numbers counts.
    """
    if answer_statements(text):
        return numbers_equal(extract_number(text), gold)
    numbers = next(filter(None, map(find_numbers, reversed(_sentences(own_text(text))))), [])
    return parse_number(gold) in numbers


def extract_letter(text: str, choices: Sequence[str] | None = None) -> str | None:
    """The option that the text gives as its answer, as a capital letter, or None.

    Its last statement of the answer gives a letter, or the words of one of `choices`. Without a statement:
    the whole text, the last "option C", the last letter in brackets. Where all that gives none and `choices`
    are known: the one option that is named in the last sentence that names any, in other forms of its words
    where none names one as it stands. A letter beyond the choices is none.
    """
    own = own_text(text).strip()
    statements = answer_statements(text)
    if statements:
        letter = _letter_in(statements[0])
    elif re.fullmatch(r"[(\[]?[A-Za-z][)\].:]*", own):
        letter = own.strip("()[].:").upper()
    else:
        letters = _NAMED_LETTER.findall(own) or _BRACKETED_LETTER.findall(own)
        letter = letters[-1].upper() if letters else None
    if not choices or (letter is not None and ord(letter) - ord("A") < len(choices)):
        return letter
    named = last_named([*statements[:1], *_sentences(own)[::-1]], choices)
    return chr(ord("A") + named[0]) if len(named) == 1 else None


def extract_yes_no(text: str) -> str | None:
    """ "yes" or "no" as the text's answer (true and false count), or None."""
    statements = answer_statements(text)
    found = _YES_NO.findall(statements[0]) if statements else _YES_NO_SENTENCE.findall(own_text(text))[::-1]
    if not found:
        return None
    word = found[0].lower()
    return "yes" if word in ("yes", "true") else "no"


def _letter_in(statement: str) -> str | None:
    """A letter in brackets, after "option", or alone; the "A" of "A bank" and the word "I" are none."""
    statement = re.sub(r"\\(?:text|mathrm|textbf|mathbf)\s*", "", statement).replace("{", "(").replace("}", ")")
    if match := _NAMED_LETTER.search(statement):
        return match[1].upper()
    for match in _LETTER.finditer(statement):
        bare = match[3]
        if bare and (bare in "AI" or match.start() > 2) and _AFTER_LETTER.match(statement, match.end()):
            continue
        return (match[1] or match[2] or bare).upper()
    stripped = statement.strip(" .:*_`\"'")
    return stripped.upper() if re.fullmatch(r"[a-z]", stripped) else None


def _sentences(text: str) -> list[str]:
    """Rough sentences and lines: enough to look at the last ones."""
    return [part for part in re.split(r"(?<=[.!?])\s+|\n", text) if part.strip()]


def _braced(text: str, start: int) -> str:
    """What stands between the brace that opened just before `start` and its partner."""
    depth = 1
    for position in range(start, min(len(text), start + 500)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return text[start : start + 500]


def _plain(text: str) -> str:
    """Minus signs, LaTeX and Unicode fractions, and spacing macros as ASCII that `_NUMBER` reads."""
    if not text.isascii():
        text = "".join(map(_plain_fraction, text))
    text = re.sub(r"[−‐‑﹣－]", "-", text)
    text = text.replace("{,}", ",").replace("\\$", "$").replace("\\%", "%").replace("**", "")
    text = re.sub(r"(?<=[0-9])(?:\\[,;! ]|[\u00a0\u202f\u2009])(?=[0-9]{3}(?![0-9]))", "", text)
    text = re.sub(r"(?<=[$€£¥])[0-9]{1,3}(?: [0-9]{3})+(?![0-9])", lambda m: m[0].replace(" ", ""), text)
    text = re.sub(r"\\(?:text\w*|mathrm|mathbf)\s*\{([^{}]*)\}", r" \1", text)
    return re.sub(
        r"([0-9]?)\s*\\[dtc]?frac\s*(?:\{\s*(-?[0-9]+)\s*\}\s*\{\s*([0-9]+)\s*\}|([0-9])\s*([0-9]))",
        lambda m: f"{m[1]}{' ' if m[1] else ''}{m[2] or m[4]}/{m[3] or m[5]}",
        text,
    )


def _plain_fraction(character: str) -> str:
    """½ as " 1/2", so that 1½ reads as a mixed number; any other character as it is."""
    if character == "⁄":
        return "/"
    if character.isascii() or "FRACTION" not in unicodedata.name(character, ""):
        return character
    parts = unicodedata.normalize("NFKC", character).split("⁄")
    return f" {parts[0]}/{parts[1]}" if len(parts) == 2 and all(part.isdecimal() for part in parts) else character


def _value(match: re.Match[str]) -> Fraction | None:
    """The exact value of a match of `_NUMBER`; None where a denominator is 0 or the number is endless."""
    if len(match[0]) > MAX_DIGITS:
        return None
    if match["whole"]:
        if int(match["parts"]) == 0:
            return None
        fraction = Fraction(int(match["part"]), int(match["parts"]))
        value = int(match["whole"]) + fraction if fraction < 1 else fraction  # "5 10/2" is no mixed number
    elif match["numerator"]:
        if int(match["denominator"]) == 0:
            return None
        value = Fraction(int(match["numerator"]), int(match["denominator"]))
    else:
        value = Fraction(match["decimal"].replace(",", ""))
    return -value if bool(match["minus"]) != bool(match["inner_minus"]) else value
