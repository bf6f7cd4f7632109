"""The sliding minute, on a made clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kpod.teaching.rate_limits import RateLimiter


def test_without_limits_nothing_waits():
    limiter = RateLimiter()
    for _ in range(1000):
        assert limiter.wait(0.0, 10**9) == 0
        limiter.take(0.0, 10**9)


def test_requests():
    limiter = RateLimiter(requests_per_minute=2)
    limiter.take(0.0, 1)
    limiter.take(10.0, 1)
    assert limiter.wait(15.0, 1) == 45 and limiter.wait(60.0, 1) == 0
    limiter.take(60.0, 1)
    assert limiter.wait(60.0, 1) == 10


def test_tokens_count_as_corrected():
    limiter = RateLimiter(tokens_per_minute=100)
    first = limiter.take(0.0, 80)
    assert limiter.wait(1.0, 30) == 59
    first.tokens = 60
    assert limiter.wait(1.0, 30) == 0
    limiter.take(1.0, 30)
    assert limiter.wait(2.0, 70) == 58 and limiter.wait(2.0, 71) == 59


def test_a_request_beyond_the_limit_goes_alone():
    limiter = RateLimiter(tokens_per_minute=100)
    assert limiter.wait(0.0, 500) == 0
    limiter.take(0.0, 500)
    assert limiter.wait(1.0, 1) == 59


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60)), max_size=40), st.integers(1, 5), st.integers(60, 200))
def test_no_minute_holds_more_than_the_limits(steps, requests, tokens):
    limiter, now, sent = RateLimiter(requests, tokens), 0.0, []
    for pause, size in steps:
        now += pause
        while (wait := limiter.wait(now, size)) > 0:
            now += wait
        limiter.take(now, size)
        sent.append((now, size))
    for start, _ in sent:
        inside = [size for at, size in sent if start <= at < start + 60 - 1e-6]
        assert len(inside) <= requests and sum(inside) <= tokens
