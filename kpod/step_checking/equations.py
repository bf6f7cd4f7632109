"""Equations in a step: where "a op b = c" stands, and whether it is right.

Wrong is said only where no reading makes it right and nothing in the sentence changes what the signs say ("half of
3 * 4 = 6"); everything else that does not agree is left unchecked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from kpod.step_checking.expressions import values
from kpod.step_checking.tokens import BOUNDARY, EQUALS, LEFT, NUMBER, OPERATOR, RIGHT, WORD, Token, words

HOLDS, WRONG, UNCHECKED = "holds", "wrong", "not checked"

# In front of an expression, these make it mean something else.
_CHANGES = words(
    "half halves third thirds quarter quarters fourth fifth sixth tenth twice double triple thrice square squared cube "
    "root sqrt average mean sum product percent minus plus times dozen remainder difference ratio"
)
# Behind a number, these change its size.
_SCALES = words(
    "dozen dozens hundred hundreds thousand thousands million millions billion k pairs pair remainder r percent "
    "squared cubed twice"
)
_APPROXIMATE = ("≈", "≃", "≅", "~", "\\approx")
_COMPARED = (("more",), ("less",), ("fewer",), ("times",))  # "5 * 3 is 20 more" states no result
_UNIT_LETTERS = frozenset("gmlhsL")
_FAMILIES = (
    "second minute hour day week month year decade century",
    "inch foot yard mile cm mm km meter metre centimeter centimetre kilometer kilometre ft in",
    "gram kilogram kg mg ounce pound ton lb oz",
    "liter litre milliliter millilitre ml cup pint quart gallon",
    "dollar cent penny nickel dime",
)
_IRREGULAR = {"feet": "foot", "inches": "inch", "centuries": "century", "pennies": "penny"}
_FAMILY = {unit: family for family, units in enumerate(_FAMILIES) for unit in units.split()}


@dataclass(frozen=True)
class Equation:
    """start, end: characters of "a op b = c" in the text. `computed`: what the left side comes to.

    Both values are None where it was not checked.
    """

    start: int
    end: int
    verdict: str
    computed: Fraction | None
    stated: Fraction | None
    is_rounded: bool = False


@dataclass(frozen=True)
class _Side:
    tokens: list[Token]
    is_doubtful: bool
    is_whole: bool  # it fills all that stands between two equals signs

    @property
    def number(self) -> Token | None:
        """The one number that it is, with or without a sign."""
        rest = [token for token in self.tokens if token.kind != OPERATOR]
        return rest[0] if len(rest) == 1 else None

    @property
    def has_operator(self) -> bool:
        return sum(token.kind == NUMBER for token in self.tokens) > 1 or "frac" in self.tokens[-1].text

    @property
    def is_ambiguous(self) -> bool:
        """2 / 1/4: which stroke binds?"""
        no_brackets = all(token.kind != LEFT for token in self.tokens)
        return no_brackets and sum(token.text == "/" for token in self.tokens) > 1


def find_equations(tokens: Sequence[Token]) -> list[Equation]:
    """The equations of one step that state a calculation, in order."""
    signs = [position for position, token in enumerate(tokens) if token.kind == EQUALS]
    bounds = [-1, *signs, len(tokens)]
    found = []
    for number, sign in enumerate(signs):
        left = _left_side(list(tokens[bounds[number] + 1 : sign]))
        right = _right_side(list(tokens[sign + 1 : bounds[number + 2]]))
        if not left.tokens or not right.tokens:
            continue
        goes_on = number > 0 and left.is_whole and tokens[signs[number - 1] - 1].kind in (NUMBER, RIGHT)
        if left.has_operator or right.has_operator or goes_on:
            # "the cost of 2 shirts is $8 x 2": a number that a phrase ends with is no left side.
            is_named = (
                left.number is not None and not goes_on and not (left.is_whole and tokens[sign].text in ("=", "=="))
            )
            found.append(_judge(left, right, tokens[sign].text, is_named))
    return found


def _left_side(tokens: list[Token]) -> _Side:
    """The longest expression that ends where the equals sign stands."""
    start = at = len(tokens)
    while at:
        operand = at - 1 if tokens[at - 1].kind == NUMBER else _opening(tokens, at - 1)
        if operand is None:
            break
        start = at = operand
        before = tokens[at - 1].kind if at else BOUNDARY
        if before == OPERATOR and at > 1 and tokens[at - 2].kind in (NUMBER, RIGHT):
            at -= 1
        elif not (before in (NUMBER, RIGHT) and (tokens[at].kind == LEFT or before == RIGHT)):
            break
    follows_and = (
        start > 1 and tokens[start - 1].text.lower() == "and" and tokens[start - 2].kind == NUMBER
    )  # 2 and 1/3
    doubtful = start > 0 and (tokens[start - 1].kind in (NUMBER, RIGHT) or follows_and)
    if 0 < start < len(tokens) and tokens[start - 1].kind == OPERATOR:  # a sign, a bullet, or the rest of something
        is_bullet = start == 1 or tokens[start - 2].kind == BOUNDARY
        doubtful = doubtful or not is_bullet
        if tokens[start - 1].text == "-" and not (is_bullet and tokens[start - 1].end < tokens[start].start):
            start -= 1
    before = [token.text.lower() for token in tokens[max(0, start - 3) : start] if token.kind == WORD]
    doubtful = doubtful or any(part in _CHANGES for word in before for part in word.split("-"))
    return _Side(tokens[start:], doubtful, start == 0)


def _opening(tokens: list[Token], closing: int) -> int | None:
    """Position of the bracket that opens what closes at `closing`; None where nothing closes there."""
    depth = 0
    for position in range(closing, -1, -1):
        depth += {RIGHT: 1, LEFT: -1}.get(tokens[position].kind, 0)
        if depth == 0:
            return position if tokens[position].kind == LEFT else None
    return None


def _right_side(tokens: list[Token]) -> _Side:
    """The longest expression that begins behind the equals sign."""
    end = at = 0
    if tokens and tokens[0].kind == OPERATOR and tokens[0].text == "-":
        at = 1
    while at < len(tokens):
        closing = at if tokens[at].kind == NUMBER else _closing(tokens, at)
        if closing is None:
            break
        end = at = closing + 1
        if at < len(tokens) and tokens[at].kind == OPERATOR:
            at += 1
        elif not (at < len(tokens) and tokens[at].kind == LEFT):
            break
    doubtful = end < len(tokens) and (
        tokens[end].kind in (OPERATOR, NUMBER, LEFT) or (tokens[end].kind == WORD and len(tokens[end].text) == 1)
    )
    return _Side(tokens[:end], doubtful, end == len(tokens))


def _closing(tokens: list[Token], opening: int) -> int | None:
    depth = 0
    for position in range(opening, len(tokens)):
        depth += {LEFT: 1, RIGHT: -1}.get(tokens[position].kind, 0)
        if depth == 0:
            return position if tokens[position].kind == RIGHT else None
    return None


def _judge(left: _Side, right: _Side, sign: str, is_named: bool) -> Equation:
    tokens = left.tokens + right.tokens
    start, end = tokens[0].start, tokens[-1].end
    has_cents = any(token.cents for token in tokens)
    lefts, rights = values(left.tokens, has_cents), values(right.tokens, has_cents)
    if right.has_operator and right.tokens[0].kind == NUMBER:  # 3 * 4 = 12 + 2 = 14: said in one breath
        rights = rights + values(right.tokens[:1], has_cents)
    letters = {word for token in tokens for word in token.units if len(word) == 1}
    if not lefts or not rights or letters - _UNIT_LETTERS:
        return Equation(start, end, UNCHECKED, None, None)
    single = right.number or left.number
    divides = any(token.text == "/" for token in tokens)
    for a, b in product(lefts, rights):
        if a == b:
            return Equation(start, end, HOLDS, a, b)
    for a, b in product(lefts, rights):
        is_rounded = single is not None and _rounds(a, b, single, divides, sign in _APPROXIMATE)
        if is_rounded or (single is not None and abs(a - b) <= _spread(tokens, single.decimals) * abs(b)):
            return Equation(start, end, HOLDS, a, b, is_rounded=True)
    is_compared = sign == "is" and right.tokens[-1].units[:1] in _COMPARED
    is_share = sign not in "==" and [token.text for token in left.tokens[1:-1]] == ["/"]  # 2/5 is equal to 12 hectares
    is_doubtful = left.is_doubtful or right.is_doubtful or is_named or is_compared or is_share
    is_doubtful = is_doubtful or left.is_ambiguous or right.is_ambiguous
    if is_doubtful or single is None or letters or _changes_size(tokens):
        return Equation(start, end, UNCHECKED, None, None)
    return Equation(start, end, WRONG, lefts[0], rights[0])


def _rounds(a: Fraction, b: Fraction, single: Token, divides: bool, is_approximate: bool) -> bool:
    """Whether one is the other, rounded or cut to the places that the single number is written with."""
    place = Fraction(1, 10**single.decimals)
    if is_approximate and not single.decimals and single.value:
        digits = str(abs(int(single.value)))
        place = Fraction(10 ** (len(digits) - len(digits.rstrip("0"))))
    if single.percent:
        place = max(place, Fraction(1)) if single.decimals == 0 else place
        return abs(a - b) < place / 100 or (abs(a - b) < place and b > 1)
    if single.decimals == 0 and not is_approximate and not (divides and a.denominator * b.denominator != 1):
        return False
    return abs(a - b) < place


def _spread(tokens: Sequence[Token], decimals: int) -> Fraction:
    """What rounded operands may have moved a rounder result by ($66.67 * 6 = $400), relative to it."""
    rounded = [t for t in tokens if t.decimals > max(1, decimals) and t.value and t.value * 10**t.decimals >= 100]
    return sum((Fraction(1, 2 * 10**t.decimals) / abs(t.value or 1) for t in rounded), Fraction(0))


def _changes_size(tokens: Sequence[Token]) -> bool:
    """Whether words make the numbers other than they look: "3 dozen", hours beside minutes."""
    named = [word for token in tokens for word in token.units]
    if any(word in _SCALES for word in named):
        return True
    units = {unit for word in named if (unit := _singular(word)) in _FAMILY}
    return len(units) > len({_FAMILY[unit] for unit in units})


def _singular(word: str) -> str:
    return _IRREGULAR.get(word) or (word[:-1] if word.endswith("s") and word[:-1] in _FAMILY else word)
