"""Canaries by model."""

from acs.campaigns.freezing import quotas


def test_every_model_gets_a_canary_before_any_gets_two():
    assert quotas({"a": 900, "b": 90, "c": 10}, 3) == {"a": 1, "b": 1, "c": 1}
    assert quotas({"a": 900, "b": 90, "c": 10}, 2) == {"a": 1, "b": 1}


def test_the_rest_goes_by_share_and_never_beyond_what_there_is():
    found = quotas({"a": 900, "b": 90, "c": 1}, 20)
    assert sum(found.values()) == 20 and found["a"] > found["b"] and found["c"] == 1
    assert quotas({"a": 2, "b": 1}, 50) == {"a": 2, "b": 1} and quotas({}, 5) == {}
