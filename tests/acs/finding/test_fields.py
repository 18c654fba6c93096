"""Fields: each name means one thing, and what is kept of devices can be asked for."""

from collections import Counter

from acs.devices.models import Device
from acs.finding.fields import all_fields, by_name, field_named
from datamodels import canonical


def test_no_two_fields_answer_to_one_name() -> None:
    names = Counter(name.lower() for field in all_fields() for name in (field.name, *field.aliases))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(by_name()) == len(names)


def test_every_column_is_one_of_the_head_row() -> None:
    assert [field.column for field in all_fields() if field.column and not hasattr(Device, field.column)] == []


def test_readings_that_are_kept_are_fields_and_secrets_are_none() -> None:
    readings = {field.reading for field in all_fields() if field.reading}
    kept = {name for name in canonical.names() if canonical.describe(name).indexed}
    assert readings == {name for name in kept if not canonical.describe(name).secret}


def test_short_names_lead_to_readings() -> None:
    for short, name in (("rx_power", "optical.rx_power_dbm"), ("RX", "optical.rx_power_dbm"), ("wifi.5g.channel", "wifi.5g.channel"), ("fw", None)):
        field = field_named(short)
        assert (field.name if field else None) == name
