"""Buckets that fill with time."""

import pytest
from fake_tokens import SetClock

from wazir.servers.rates import TokenBuckets


def test_a_bucket_gives_its_burst_at_once_and_then_the_rate():
    clock = SetClock()
    buckets = TokenBuckets(2.0, 3.0, clock)
    for _ in range(3):
        assert buckets.wait_s("a") == 0
        buckets.take("a")
    assert buckets.wait_s("a") == pytest.approx(0.5)
    assert buckets.wait_s("b") == 0
    clock.now += 0.5
    assert buckets.wait_s("a") == 0
    buckets.take("a")
    assert buckets.wait_s("a") > 0
    clock.now += 1000
    for _ in range(3):
        buckets.take("a")
    assert buckets.wait_s("a") == pytest.approx(0.5)


def test_a_clock_that_goes_back_takes_nothing_away():
    clock = SetClock()
    buckets = TokenBuckets(1.0, 2.0, clock)
    buckets.take("a")
    clock.now -= 100
    assert buckets.wait_s("a") == 0


def test_only_so_many_buckets_are_kept():
    buckets = TokenBuckets(1.0, 1.0, SetClock(), max_keys=2)
    for key in "abc":
        buckets.take(key)
    assert buckets.wait_s("a") == 0
    assert buckets.wait_s("b") > 0
    assert buckets.wait_s("c") > 0
