from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from datamodels.entry import Entry, Kind


def test_names_are_the_last_part_of_the_path():
    assert Entry("Device.WiFi.Radio.{i}.", Kind.OBJECT).name == "Radio"
    assert Entry("Device.WiFi.", Kind.OBJECT).name == "WiFi"
    assert Entry("Device.WiFi.Radio.{i}.Channel", Kind.PARAMETER).name == "Channel"


def test_only_a_writable_table_can_get_rows():
    assert Entry("Device.NAT.PortMapping.{i}.", Kind.OBJECT, writable=True).creatable
    assert not Entry("Device.NAT.", Kind.OBJECT, writable=True).creatable
    assert not Entry("Device.WiFi.Radio.{i}.", Kind.OBJECT).creatable


def test_an_entry_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Entry("Device.", Kind.OBJECT).writable = True  # type: ignore[misc]
