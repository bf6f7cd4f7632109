r"""A step's text as arithmetic tokens: numbers with units, operators, equals signs, brackets, words.

    "So 19 (tickets) - 7 = 12 tickets."   ->   W:So  N:19  O:-  N:7  E:=  N:12  W:tickets  B:.

Nothing is changed in the text: every token keeps its characters, so that what is found can be marked there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

MAX_DIGITS = 30  # a longer number is a model running on
MAX_UNIT_WORDS = 4

NUMBER, OPERATOR, EQUALS, LEFT, RIGHT, WORD, BOUNDARY = "NOELRWB"


def words(text: str) -> frozenset[str]:
    """The words of a text that lists them."""
    return frozenset(text.split())


_UNICODE_FRACTIONS = {
    "½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3), "¼": Fraction(1, 4), "¾": Fraction(3, 4),
    "⅕": Fraction(1, 5), "⅖": Fraction(2, 5), "⅗": Fraction(3, 5), "⅘": Fraction(4, 5), "⅙": Fraction(1, 6),
    "⅛": Fraction(1, 8), "⅜": Fraction(3, 8), "⅝": Fraction(5, 8), "⅞": Fraction(7, 8),
}  # fmt: skip
_MARKS = "".join(_UNICODE_FRACTIONS)
_TOKEN = re.compile(
    rf"""
    (?P<skip>[ \t\u00a0\u2009\u202f]+|\*{{2,}}|<<[^<>\n]{{0,200}}>>|\\[,;!()\[\] ]|\\(?:left|right)(?![a-z])
        |\\(?:text\w*|mathrm|mathbf|boxed)\{{|[{{}}]
        |(?<=\d)-(?=[A-Za-z])|/(?=[A-Za-z]))              # 33-cookie bag; dollars/hour
    |(?P<aside>(?<=\s)\([^()\d=+*/^×÷\n]{{1,80}}\))                # (tickets)
    |(?P<time>(?<![\w.])\d{{1,2}}:\d{{2}}(?!\d))
    |\\[dt]?frac\{{(?P<over>\d+(?:\.\d+)?)\}}\{{(?P<under>\d+(?:\.\d+)?)\}}
    |(?P<number>(?:(?<![A-Za-z_])|(?<=\d[xX]))(?P<money>(?:\\?\$|[€£¥])\s?)?
        (?:(?P<digits>(?:\d{{1,3}}(?:,\d{{3}})+(?![\d])|\d+)(?:\.\d+)?|\.\d+)(?P<mark>[{_MARKS}])?|(?P<alone>[{_MARKS}]))
        (?P<percent>\s?\\?%)?(?P<cents>\s?¢)?)
    |(?P<other>[<>!]=|=>|-{{2,}}|[≠≤≥<>])
    |(?P<equals>={{1,2}}|[≈≃≅~]|\\approx(?![a-z])
        |\b(?:is\s+)?equals?(?:\s+to)?\b|\bis(?=\s+[-−$€£]?\s?\d))
    |(?P<operator>(?:(?<=[\d)%])|(?<=[\w)%]\ ))[xX](?=\ ?[\d$(.])|[-+*/^×∗·•⋅∙÷−–‐‑]|\\(?:times|cdot|div)(?![a-z])
        |\b(?:plus|minus|times|multiplied\ by|divided\ by)\b)
    |(?P<left>[(\[])|(?P<right>[)\]])
    |(?P<word>[^\W\d_][\w'’]*(?:-[^\W\d_][\w'’]*)*)
    |(?P<dollar>\\?\$)
    |(?P<boundary>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = dict.fromkeys("×∗·•⋅∙xX", "*") | dict.fromkeys("−–‐‑", "-") | {"÷": "/"}
_OPERATORS |= {"\\times": "*", "\\cdot": "*", "\\div": "/", "plus": "+", "minus": "-", "times": "*"}
_OPERATORS |= {"multiplied by": "*", "divided by": "/"}
# These never name a unit: a number with one of them behind it ends there.
_NO_UNIT = words(
    "and or so then is are was were be but which if when because since that than there therefore thus hence to from "
    "into with we he she it they i you has have had left for in on at by as equals"
)
_DETERMINERS = words("the a an his her its their another about only")


@dataclass
class Token:
    """`kind` is one of the letters above. Of a number: its value (None where endless) and its unit words.

    `decimals`: places behind the point. `percent`, `cents`, `money`: what it is marked with.
    """

    kind: str
    start: int
    end: int
    text: str
    value: Fraction | None = None
    decimals: int = 0
    percent: bool = False
    cents: bool = False
    money: bool = False
    units: tuple[str, ...] = ()


def tokenise(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of text[start:end], with positions in the whole text."""
    end = len(text) if end is None else end
    return _fold_units([token for match in _TOKEN.finditer(text, start, end) if (token := _token(match))])


def _token(match: re.Match[str]) -> Token | None:
    kind, text = match.lastgroup, match[0]
    if match["number"]:
        return _number(match)
    if match["over"]:
        under = Fraction(match["under"])
        value = Fraction(match["over"]) / under if under else None
        return Token(NUMBER, match.start(), match.end(), text, value)
    if kind in ("skip", "aside", "dollar"):
        return None
    letter = {
        "time": BOUNDARY, "other": BOUNDARY, "equals": EQUALS, "operator": OPERATOR, "left": LEFT, "right": RIGHT,
        "word": WORD, "boundary": BOUNDARY,
    }[kind or "boundary"]  # fmt: skip
    if letter == OPERATOR:
        text = " ".join(text.split())
        text = _OPERATORS.get(text, text)
    return Token(letter, match.start(), match.end(), text)


def _number(match: re.Match[str]) -> Token:
    digits, mark = match["digits"], match["mark"] or match["alone"]
    value: Fraction | None = Fraction(0)
    if digits:
        value = Fraction(digits.replace(",", "")) if len(digits) <= MAX_DIGITS else None
    if mark and value is not None:
        value += _UNICODE_FRACTIONS[mark]
    decimals = len(digits.partition(".")[2]) if digits else 0
    return Token(
        NUMBER,
        match.start(),
        match.end(),
        match[0],
        value,
        decimals,
        bool(match["percent"]),
        bool(match["cents"]),
        bool(match["money"]),
    )


def _fold_units(tokens: list[Token]) -> list[Token]:
    """The tokens with "3 boxes * 4" read as "3 * 4", "* the 4" as "* 4", and "20% of 50" as "20% * 50"."""
    folded: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.kind == WORD and folded and _is_of(token, folded):
            folded.append(Token(OPERATOR, token.start, token.end, "*"))
            continue
        if (
            token.kind == WORD
            and token.text.lower() in _DETERMINERS
            and _stands_before_operand(folded, tokens, position)
        ):
            continue
        folded.append(token)
        if token.kind == NUMBER:
            position = _take_units(token, tokens, position)
    return folded


def _is_of(token: Token, before: list[Token]) -> bool:
    """Whether an "of" multiplies: behind a percentage or a fraction."""
    if token.text.lower() != "of" or before[-1].kind != NUMBER:
        return False
    is_fraction = len(before) > 2 and before[-2].text == "/" and before[-3].kind == NUMBER
    return before[-1].percent or is_fraction or before[-1].text.strip() in _UNICODE_FRACTIONS


def _stands_before_operand(before: list[Token], tokens: list[Token], position: int) -> bool:
    follows_sign = bool(before) and before[-1].kind in (OPERATOR, EQUALS)
    return follows_sign and position < len(tokens) and tokens[position].kind == NUMBER


def _take_units(number: Token, tokens: list[Token], position: int) -> int:
    """Give a number the words behind it; they are passed over only where the arithmetic goes on behind them."""
    words, at = [], position
    while at < len(tokens) and tokens[at].kind == WORD and len(words) < MAX_UNIT_WORDS:
        word = tokens[at].text.lower()
        if word in _NO_UNIT or (word == "of" and not words):
            break
        words.append(word)
        at += 1
    number.units = tuple(words)
    number.percent = number.percent or words[:1] in (["percent"], ["pct"])
    number.cents = number.cents or words[:1] in (["cents"], ["cent"])
    if words[:1] == ["percent"] and at > position and tokens[position + 1 : position + 2]:
        follower = tokens[position + 1]
        if follower.text.lower() == "of":  # "20 percent of 50"
            return position + 1
    goes_on = at < len(tokens) and tokens[at].kind in (OPERATOR, EQUALS, RIGHT)
    return at if goes_on else position
