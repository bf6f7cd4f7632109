"""Client-side rate limits: so many requests and tokens in any minute, whatever the endpoint would take."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0


@dataclass
class Ticket:
    """One request that was let through: when, and how many tokens it counts for (known exactly when it is answered)."""

    at: float
    tokens: int


@dataclass
class RateLimiter:
    """A sliding minute. Times are seconds of any clock that never goes back; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    _tickets: deque[Ticket] = field(default_factory=deque)

    def wait(self, now: float, tokens: int) -> float:
        """Seconds until a request of so many tokens may be sent; 0: now.

        One that is larger than the limit itself may be sent when the minute before it was empty.
        """
        while self._tickets and self._tickets[0].at <= now - WINDOW_SECONDS:
            self._tickets.popleft()
        until = now
        if self.requests_per_minute is not None and len(self._tickets) >= self.requests_per_minute:
            until = self._tickets[-self.requests_per_minute].at + WINDOW_SECONDS
        if self.tokens_per_minute is not None:
            until = max(until, self._room_for(tokens, now))
        return max(0.0, until - now)

    def take(self, now: float, tokens: int) -> Ticket:
        """Let a request through; `ticket.tokens` may be corrected later."""
        ticket = Ticket(now, tokens)
        self._tickets.append(ticket)
        return ticket

    def _room_for(self, tokens: int, now: float) -> float:
        assert self.tokens_per_minute is not None
        used, until = sum(ticket.tokens for ticket in self._tickets), now
        for ticket in self._tickets:
            if used + tokens <= self.tokens_per_minute:
                break
            used, until = used - ticket.tokens, ticket.at + WINDOW_SECONDS
        return until
