"""Rates in memory: so many a minute, a burst, and no more keys than are allowed."""

from acs.server.login.buckets import Buckets


def test_burst_is_allowed_and_then_so_many_a_minute():
    buckets = Buckets(60, 3)
    assert [buckets.take("a", 100.0) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.take("a", 100.0) == 1.0
    assert buckets.take("a", 100.5) == 0.5
    assert buckets.take("a", 101.0) == 0.0
    assert buckets.take("a", 101.0) > 0


def test_keys_do_not_share_a_bucket():
    buckets = Buckets(60, 1)
    assert buckets.take("a", 0) == 0.0
    assert buckets.take("b", 0) == 0.0
    assert buckets.take("a", 0) > 0


def test_asking_costs_nothing():
    buckets = Buckets(60, 1)
    assert [buckets.wait_s("a", 0) for _ in range(5)] == [0.0] * 5


def test_rate_of_none_allows_everything_and_remembers_nothing():
    buckets = Buckets(0, 0)
    assert {buckets.take("a", 0) for _ in range(1000)} == {0.0}
    assert len(buckets._left) == 0


def test_bucket_never_holds_more_than_its_burst():
    buckets = Buckets(60, 2)
    buckets.take("a", 0)
    assert [buckets.take("a", 10_000) == 0.0 for _ in range(3)] == [True, True, False]


def test_memory_is_bounded_and_the_quietest_is_forgotten():
    buckets = Buckets(60, 1, most=10)
    for n in range(11):
        buckets.take(str(n), 0)
    assert len(buckets._left) == 10
    assert buckets.take("0", 0) == 0.0
    assert buckets.take("10", 0) > 0


def test_clock_that_goes_back_gives_nothing_away():
    buckets = Buckets(60, 1)
    buckets.take("a", 100)
    assert buckets.take("a", 50) > 0
