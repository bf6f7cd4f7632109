"""The value of an arithmetic expression, exactly, under every reading that a percent or a cent sign allows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from kpod.step_checking.tokens import LEFT, NUMBER, OPERATOR, RIGHT, Token

MAX_POWER = 12
MAX_TOKENS = 120  # of one side; longer ones are a model running on, and brackets could be deeper than Python's stack
MAX_BITS = 400  # of a numerator or denominator; beyond it nothing is worked out
PERCENT_READINGS = ("share", "unit", "relative")  # 20% of 50; 20% + 30% = 50%; 100 - 20% = 80


class NoValue(Exception):
    """The expression has no value that could be stated: a division by zero, an endless number, a broken bracket."""


def values(tokens: Sequence[Token], cents_as_dollars: bool) -> list[Fraction]:
    """Every value that the tokens can mean; none where they are no whole expression."""
    if len(tokens) > MAX_TOKENS:
        return []
    readings = PERCENT_READINGS if any(token.percent for token in tokens) else PERCENT_READINGS[:1]
    cents = (False, True) if cents_as_dollars else (False,)
    found: list[Fraction] = []
    for percent, in_dollars in product(readings, cents):
        try:
            value = _Reader(tokens, percent, in_dollars).read()
        except NoValue:
            continue
        if value not in found:
            found.append(value)
    return found


class _Reader:
    """A recursive descent over + - * / ^, brackets and implicit products."""

    def __init__(self, tokens: Sequence[Token], percent: str, cents_as_dollars: bool):
        self.tokens, self.percent, self.cents_as_dollars = tokens, percent, cents_as_dollars
        self.at = 0

    def read(self) -> Fraction:
        value = self._sum()
        if self.at != len(self.tokens):
            raise NoValue
        return value

    def _sum(self) -> Fraction:
        value = self._product()
        while (sign := self._operator("+-")) is not None:
            start = self.at
            term = self._product()
            if self.percent == "relative" and self._is_lone_percent(start):
                term = value * term
            value = _bounded(value + term if sign == "+" else value - term)
        return value

    def _is_lone_percent(self, start: int) -> bool:
        return self.at == start + 1 and self.tokens[start].percent

    def _product(self) -> Fraction:
        value = self._power()
        while True:
            sign = self._operator("*/")
            if sign is None and not self._next_is(LEFT):  # 2(3 + 4)
                return value
            factor = self._power()
            if sign == "/" and factor == 0:
                raise NoValue
            value = _bounded(value / factor if sign == "/" else value * factor)

    def _power(self) -> Fraction:
        if self._operator("-") is not None:
            return -self._power()
        base = self._atom()
        if self._operator("^") is None:
            return base
        exponent = self._power()
        if exponent.denominator != 1 or abs(exponent) > MAX_POWER or (base == 0 and exponent < 0):
            raise NoValue
        return _bounded(base ** int(exponent))

    def _atom(self) -> Fraction:
        if self._next_is(LEFT):
            self.at += 1
            value = self._sum()
            if not self._next_is(RIGHT):
                raise NoValue
            self.at += 1
            return value
        if not self._next_is(NUMBER):
            raise NoValue
        token = self.tokens[self.at]
        self.at += 1
        if token.value is None:
            raise NoValue
        scale = 100 if (token.percent and self.percent != "unit") or (token.cents and self.cents_as_dollars) else 1
        return token.value / scale

    def _next_is(self, kind: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at].kind == kind

    def _operator(self, signs: str) -> str | None:
        if self._next_is(OPERATOR) and self.tokens[self.at].text in signs:
            self.at += 1
            return self.tokens[self.at - 1].text
        return None


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MAX_BITS:
        raise NoValue
    return value
