"""Which device gets which trouble; every trouble sets only legal values of parameters that exist."""

from __future__ import annotations

import pytest

from acs.errors import WrongEnvironment
from datamodels.check import check
from simulators.fleet import Fleet, FleetOptions
from simulators.planting import can_have, faults, model, quirks_in, seats
from simulators.profile import profiles
from simulators.quirks import named
from tests.simulators.kit import clock_at, make_cpe


@pytest.mark.parametrize("name", sorted(faults()))
@pytest.mark.parametrize("profile", sorted(profiles()))
def test_every_trouble_fits_every_model_that_can_have_it(name, profile):
    if can_have(name, profiles()[profile]):
        cpe = make_cpe(profile, faults=(name,))
        for path, text in cpe.tree.changed.items():
            assert check(cpe.tree.leaf(path).entry, text) is None


def test_trouble_is_for_all_or_for_the_first_few_that_can_have_it():
    assert [seat.faults for seat in seats(3, ("G240",), ("slow",))] == [("slow",)] * 3
    assert [seat.faults for seat in seats(3, ("G240",), ("slow:1", "open-wifi:2"))] == [("slow", "open-wifi"), ("open-wifi",), ()]
    placed = seats(8, (), ("weak-signal:1",))
    assert [seat.profile.is_optical for seat in placed if seat.faults] == [True]


def test_model_is_found_by_part_of_its_name():
    assert model("r110").name == "Norvik R110"
    assert model("ont 4").name == "Halden ONT-4"
    with pytest.raises(WrongEnvironment, match="Norvik G240"):
        model("Norvik")


def test_number_after_the_colon_must_be_one():
    with pytest.raises(WrongEnvironment, match="colon"):
        seats(1, (), ("slow:many",))


def test_a_trouble_may_bring_quirks_to_some_devices_of_a_fleet():
    fleet = Fleet(clock_at(), FleetOptions(count=3, faults=("old-firmware-habits:1",), quirks=("no-soapaction",)))
    quirks = [device.cpe.quirks for device in fleet.devices]
    assert [each.http10 for each in quirks] == [True, False, False]
    assert [each.soap_action for each in quirks] == [False] * 3
    assert set(quirks_in(faults())) <= set(named())
