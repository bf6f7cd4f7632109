"""All requests to an endpoint: bounded concurrency, rate limits, back-off, the cost limit, and stopping in between."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from kpod.teaching.credentials import Credentials
from kpod.teaching.endpoint import Endpoint, RequestFailed
from kpod.teaching.generation import Generation
from kpod.teaching.journal import Answer
from kpod.teaching.rate_limits import RateLimiter, Ticket
from kpod.teaching.requests import Request

LONGEST_BACKOFF = 60.0
POLL_SECONDS = 0.05
GRACE_SECONDS = 20.0  # answers under way are paid for: a stop waits so long for them


class _Stopped(Exception):
    """This worker has nothing more to do."""


def ask_endpoint(generation: Generation, credentials: Credentials) -> None:
    """Ask for every wanted sample. Returns when all are answered or given up, a stop is wished for, or the cost limit
    leaves no room. Raises InputError where the endpoint takes no request."""
    asking = _Asking(generation, credentials)
    if not _loop_is_running():
        asyncio.run(asking.run())
        return
    with ThreadPoolExecutor(max_workers=1) as thread:  # a loop cannot run inside another, as in a notebook
        thread.submit(asyncio.run, asking.run()).result()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class _Asking:
    def __init__(self, generation: Generation, credentials: Credentials):
        options = generation.options
        self.generation, self.options, self.credentials = generation, options, credentials
        self.limiter = RateLimiter(options.requests_per_minute, options.tokens_per_minute)
        self.wanted: Iterator[Request] = generation.wanted()
        self.under_way = 0
        self.paused_until = 0.0

    async def run(self) -> None:
        self.endpoint = Endpoint(self.options, self.credentials)
        workers = [asyncio.create_task(self._work()) for _ in range(self.options.concurrency)]
        try:
            await self._watch(workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self.endpoint.close()

    async def _watch(self, workers: list[asyncio.Task[None]]) -> None:
        """Until all workers are done, one has failed, or a stop has waited long enough."""
        deadline = None
        while True:
            done, waiting = await asyncio.wait(workers, timeout=POLL_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                worker.result()  # raises what it failed of
            if not waiting:
                return
            self.generation.progress.changed()
            if self.generation.stop.asked and deadline is None:
                deadline = time.monotonic() + GRACE_SECONDS
                self.generation.log(
                    f"Stopping: waiting up to {GRACE_SECONDS:.0f} s for {self.under_way} answers under way "
                    "(Ctrl-C again: at once)."
                )
            if self.generation.stop.at_once or (deadline is not None and time.monotonic() > deadline):
                return

    async def _work(self) -> None:
        try:
            while not self.generation.stop.asked and (request := next(self.wanted, None)) is not None:
                await self._one(request)
        except _Stopped:
            return

    async def _one(self, request: Request) -> None:
        for attempt in range(self.options.retries + 1):
            ticket = await self._admitted(request)
            self.generation.sent(again=attempt > 0)
            answer = None
            try:
                answer = await self.endpoint.ask(request)
            except RequestFailed as failed:
                if not failed.again or attempt == self.options.retries:
                    self.generation.failure(request, failed.reason)
                    return
                self.generation.trouble(failed.reason)
                if failed.wait is not None:  # a limit is on all requests, not on this one
                    self.paused_until = max(self.paused_until, time.monotonic() + failed.wait)
                wait = self._backoff(attempt) if failed.wait is None else 0.0
            finally:
                self._ended(request, ticket, answer)
            if answer is not None:
                self.generation.answer(request, answer)
                return
            await self._sleep(wait)

    def _backoff(self, attempt: int) -> float:
        """Doubled every time, with jitter: workers that failed together do not come back together."""
        return min(self.options.backoff * 2.0**attempt, LONGEST_BACKOFF) * random.uniform(0.5, 1.0)

    async def _admitted(self, request: Request) -> Ticket:
        """Wait until rate limits, a server's wish and the cost limit let the request go."""
        tokens = request.prompt_tokens + self.options.max_tokens
        while True:
            now = time.monotonic()
            wait = max(self.paused_until - now, self.limiter.wait(now, tokens))
            if wait > 0:
                await self._sleep(wait)
            elif self.generation.budget.hold(request):
                self.under_way += 1
                return self.limiter.take(now, tokens)
            elif self.under_way == 0:
                self.generation.cost_limit_reached = True
                raise _Stopped
            else:
                await self._sleep(POLL_SECONDS)

    def _ended(self, request: Request, ticket: Ticket, answer: Answer | None) -> None:
        self.under_way -= 1
        self.generation.budget.release(request, answer)
        if answer is not None:
            ticket.tokens = answer.prompt_tokens + answer.completion_tokens

    async def _sleep(self, seconds: float) -> None:
        """Raises _Stopped as soon as a stop is wished for."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.generation.stop.asked or self.generation.cost_limit_reached:
                raise _Stopped
            await asyncio.sleep(min(left, POLL_SECONDS))
