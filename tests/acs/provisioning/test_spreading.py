from collections import Counter

import pytest

from acs.cwmp.times import parse_time
from acs.provisioning.spreading import SPREAD_FROM_S, inform_time


@pytest.mark.parametrize("interval_s", [300, 900, 3600, 86_400])
@pytest.mark.parametrize("name", ["02A5C1-Box-{:06d}", "SN{:012X}", "{}"])
def test_devices_whose_names_count_up_speak_evenly_over_the_interval(interval_s, name):
    slots = Counter()
    for number in range(20_000):
        at = parse_time(inform_time(name.format(number), interval_s))
        assert at is not None
        slots[int(at.timestamp()) % interval_s * 20 // interval_s] += 1
    assert len(slots) == 20
    assert max(slots.values()) < 1.25 * min(slots.values())


def test_time_of_a_device_is_always_the_same_and_lies_in_the_past():
    assert inform_time("A-B-1", 900) == inform_time("A-B-1", 900) != inform_time("A-B-2", 900)
    assert inform_time("A-B-1", 900).startswith("2020-01-01T00:")


def test_short_intervals_and_devices_without_a_name_are_left_alone():
    assert inform_time("A-B-1", SPREAD_FROM_S - 1) == inform_time("", 900) == ""
