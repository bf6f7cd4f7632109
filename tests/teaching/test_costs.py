"""Costs by hand, and a budget that holds back what is under way."""

from __future__ import annotations

import pytest

from kpod.teaching.costs import TEMPLATE_TOKENS, Budget, Prices, cost_of, prices_of
from kpod.teaching.journal import Answer
from kpod.teaching.options import make_options
from kpod.teaching.requests import Request, read_taught
from tests.support.teacher_server import write_sums

ANSWER = Answer("17", "stop", 1000, 200, False, 0.1, "m")


@pytest.fixture
def request_of_a_sum(tmp_path):
    source = write_sums(tmp_path / "sums.jsonl", 1)
    options = make_options(
        {"source": str(source), "out": str(tmp_path / "o.jsonl"), "model": "m", "prompt": "{question}"}
    )
    return Request(read_taught(options)[0][0], 0)


def test_prices_are_of_a_million_tokens(tmp_path):
    assert Prices(2.0, 10.0).cost(1000, 200) == pytest.approx(0.004)
    assert cost_of([ANSWER, ANSWER], Prices(2.0, 10.0)) == pytest.approx(0.008) and cost_of([ANSWER], None) is None
    values = {"source": "s", "out": "o.jsonl", "model": "m"}
    assert prices_of(make_options(values)) is None
    assert prices_of(make_options(values | {"output_price": 3})) == Prices(0.0, 3.0)


def test_what_is_under_way_is_held_back_until_it_is_known(request_of_a_sum):
    prompt_tokens = len(request_of_a_sum.taught.prompt) + TEMPLATE_TOKENS
    most = (prompt_tokens * 1.0 + 500 * 2.0) / 1e6
    budget = Budget(2.5 * most, Prices(1.0, 2.0), max_tokens=500, spent=0.0)
    assert budget.hold(request_of_a_sum) and budget.hold(request_of_a_sum) and not budget.hold(request_of_a_sum)
    budget.release(request_of_a_sum, None)  # failed: costs nothing that is known
    assert budget.hold(request_of_a_sum)
    budget.release(request_of_a_sum, ANSWER)
    assert budget.spent == pytest.approx((1000 * 1.0 + 200 * 2.0) / 1e6) and budget.held == pytest.approx(most)


def test_without_a_limit_everything_goes(request_of_a_sum):
    budget = Budget(None, None, max_tokens=500, spent=0.0)
    assert all(budget.hold(request_of_a_sum) for _ in range(100))
