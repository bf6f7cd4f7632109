"""One sitting of a generation: which samples are still wanted, and where every answer and failure goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kpod.errors import InputError
from kpod.tasks.base import Task
from kpod.teaching.costs import Budget, cost_of, prices_of
from kpod.teaching.journal import Answer, Journal
from kpod.teaching.options import TeachOptions
from kpod.teaching.progress import TeachProgress, now
from kpod.teaching.rationales import judge
from kpod.teaching.requests import Request, TaughtQuestion, all_requests
from kpod.teaching.stopping import StopWish


class Generation:
    """What a backend asks for work (`wanted`) and hands results to (`answer`, `failure`)."""

    def __init__(
        self,
        options: TeachOptions,
        taught: Sequence[TaughtQuestion],
        task: Task,
        journal: Journal,
        progress: TeachProgress,
        stop: StopWish,
        log: Callable[[str], None],
    ):
        self.options, self.task, self.journal, self.progress, self.stop, self.log = (
            options, task, journal, progress, stop, log,
        )  # fmt: skip
        self._requests = list(all_requests(taught, options.samples))
        self._failed_in_a_row = 0
        answered = [request for request in self._requests if request.key in journal.answers]
        self._has_correct = {request.key[0] for request in answered if self._is_correct(request)}
        prices = prices_of(options)
        spent = cost_of(journal.answers.values(), prices)
        self.budget = Budget(options.cost_limit, prices, options.max_tokens, spent or 0.0)
        self.cost_limit_reached = False
        progress.state.prompt_tokens = sum(answer.prompt_tokens for answer in journal.answers.values())
        progress.state.completion_tokens = sum(answer.completion_tokens for answer in journal.answers.values())
        progress.start(len(self._requests), len(answered), spent, options.cost_limit)

    def wanted(self) -> Iterator[Request]:
        """The samples without an answer, in order, each once; made as it is asked for, because answers change it."""
        for request in self._requests:
            if request.key not in self.journal.answers and self.needs(request):
                yield request

    def needs(self, request: Request) -> bool:
        """False, and the sample counts as done, where its question has a correct one and needs no other."""
        if self.options.until_correct and request.key[0] in self._has_correct:
            self.progress.advance(worked=False)
            return False
        return True

    def sent(self, *, again: bool = False) -> None:
        """A request has gone out."""
        self.progress.state.requests += 1
        self.progress.state.retries += again

    def trouble(self, reason: str) -> None:
        """An attempt has failed; others may follow."""
        self.progress.state.last_error = reason
        self.progress.changed()

    def answer(self, request: Request, answer: Answer) -> None:
        """Journalled when this returns."""
        self.journal.add_answer(request.key, request.taught.request_hash, answer, now())
        self._failed_in_a_row = 0
        if self._is_correct(request):
            self._has_correct.add(request.key[0])
        state, prices = self.progress.state, self.budget.prices
        state.prompt_tokens += answer.prompt_tokens
        state.completion_tokens += answer.completion_tokens
        if prices is not None:
            state.cost = (state.cost or 0.0) + prices.cost(answer.prompt_tokens, answer.completion_tokens)
        self.progress.advance()

    def failure(self, request: Request, reason: str) -> None:
        """Given up for this sitting. Raises InputError where nothing but failures comes."""
        self.journal.add_failure(request.key, request.taught.request_hash, reason, now())
        self._failed_in_a_row += 1
        self.progress.state.last_error = reason
        self.progress.advance(failed=True)
        if self._failed_in_a_row >= self.options.give_up_after:
            raise InputError(
                f"{self._failed_in_a_row} requests in a row have failed for good, the last one (question "
                f"{request.key[0]!r}): {reason}. Mend that and run the same command again: what was answered is kept. "
                "give_up_after sets how many failures are borne."
            )

    def _is_correct(self, request: Request) -> bool:
        answer = self.journal.answers[request.key]
        return judge(answer, request.taught.question, self.task) is True
