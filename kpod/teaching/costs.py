"""What a generation costs: by the endpoint's own counts, and a limit that no request may be able to pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kpod.teaching.journal import Answer
from kpod.teaching.options import TeachOptions
from kpod.teaching.requests import Request

MILLION = 1e6
TEMPLATE_TOKENS = 64  # what a chat template puts around a prompt, at most


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in whatever currency the user counts."""

    prompt: float
    completion: float

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / MILLION


def prices_of(options: TeachOptions) -> Prices | None:
    """None where no price is set; a price that is not set beside one that is counts as 0."""
    if options.input_price is None and options.output_price is None:
        return None
    return Prices(options.input_price or 0.0, options.output_price or 0.0)


def cost_of(answers: Iterable[Answer], prices: Prices | None) -> float | None:
    """None without prices."""
    if prices is None:
        return None
    return sum(prices.cost(answer.prompt_tokens, answer.completion_tokens) for answer in answers)


class Budget:
    """Holds back the most that every request under way can cost, so that the limit holds when all of them do.

    What an endpoint bills for requests that it did not answer is not known here.
    """

    def __init__(self, limit: float | None, prices: Prices | None, max_tokens: int, spent: float):
        assert limit is None or prices is not None
        self.limit, self.prices, self.max_tokens, self.spent = limit, prices, max_tokens, spent
        self.held = 0.0

    def most(self, request: Request) -> float:
        """The most that a request can cost: a token is at least one byte of the prompt."""
        if self.prices is None:
            return 0.0
        prompt_tokens = len(request.taught.prompt.encode("utf-8")) + TEMPLATE_TOKENS
        return self.prices.cost(prompt_tokens, self.max_tokens)

    def hold(self, request: Request) -> bool:
        """Hold back for a request; False where the limit leaves no room for it."""
        if self.limit is not None and self.spent + self.held + self.most(request) > self.limit:
            return False
        self.held += self.most(request)
        return True

    def release(self, request: Request, answer: Answer | None) -> None:
        """A request has ended; an answer costs what it counts."""
        self.held = max(0.0, self.held - self.most(request))
        if answer is not None and self.prices is not None:
            self.spent += self.prices.cost(answer.prompt_tokens, answer.completion_tokens)
