"""What a profile wants, as it comes in: checked with the place of what is wrong, sealed, and told apart version by version."""

import pytest

from acs.desired import documents
from acs.errors import Invalid
from acs.provisioning.desired import Hold
from acs.secrets import MASK

KEY = {"name": "wifi.2g.passphrase", "value": "correct horse"}


def one(**given):
    return documents.checked({"settings": [given]})["settings"][0]


def test_text_of_forms_becomes_what_the_canonical_name_wants():
    assert one(name="wifi.2g.channel", value="6") == {"name": "wifi.2g.channel", "value": 6, "hold": "keep"}
    assert one(name="wifi.2g.enabled", value="off", hold="enforce")["value"] is False
    assert one(name="dhcp.dns_servers", value="9.9.9.9, 1.1.1.1")["value"] == ["9.9.9.9", "1.1.1.1"]
    assert one(name="Device.WiFi.Radio.*.Enable", value=True)["value"] == "1"


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"settings": [{"name": "wifi.2g.channel", "value": "many"}]}, "settings.0.value", "number"),
        ({"settings": [KEY, {"name": "wifi.2g.ssid", "value": "x" * 40}]}, "settings.1.value", "32 characters"),
        ({"settings": [{"name": "wifi.9g.channel", "value": 1}]}, "settings.0.name", "neither a canonical name"),
        ({"settings": [{"name": "optical.rx_power_dbm", "value": 1}]}, "settings.0.name", "only be read"),
        ({"settings": [{"name": "Device.WiFi.Radio.1.Channel", "value": "x"}]}, "settings.0.value", "whole number"),
        ({"settings": [{"name": "Device.Nothing.Here", "value": "x"}]}, "settings.0.name", "not in the data model"),
        ({"settings": [{"name": "Device.ManagementServer.URL", "value": "http://x"}]}, "settings.0.name", "not set by a profile"),
        ({"settings": [{"name": "management.acs_password", "value": "x"}]}, "settings.0.name", "not set by a profile"),
        ({"settings": [KEY, KEY]}, "settings.1.name", "twice"),
        ({"settings": [{**KEY, "hold": "for ever"}]}, "settings.0.hold", "initial, keep, enforce"),
        ({"rows": [{"table": "nat.port_mappings", "keys": {}}]}, "rows.0.keys", "needs a key"),
        ({"rows": [{"table": "nat.everything", "keys": {"a": 1}}]}, "rows.0.table", "neither a table"),
        ({"rows": [{"table": "nat.port_mappings", "keys": {"external_port": 80}, "values": {"colour": "red"}}]}, "rows.0.values", "colour"),
        ({"rows": [{"table": "Device.NAT.PortMapping", "keys": {"ExternalPort": "99999"}}]}, "rows.0.keys", "ExternalPort"),
        ({"watches": [{"name": "wan.ip_address", "notification": 7}]}, "watches.0.notification", "0 (off)"),
        ({"inform_interval_s": 5}, "inform_interval_s", "30 to"),
        ({}, "settings.0.name", "wants nothing"),
        ({"settings": [KEY], "colour": "red"}, "colour", "no 'colour'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given, field, says):
    with pytest.raises(Invalid) as told:
        documents.checked(given)
    assert told.value.field == field
    assert says in str(told.value)


def test_secrets_are_sealed_shown_as_dots_and_kept_where_nobody_typed_them_anew(vault):
    document = documents.checked({"settings": [KEY]})
    sealed = documents.sealed(vault, document)
    assert "correct horse" not in str(sealed)
    assert documents.sealed(vault, sealed) == sealed
    assert documents.shown(sealed)["settings"][0]["value"] == MASK
    assert documents.opened(vault, sealed) == document
    given = documents.with_secrets_of({"settings": [{**KEY, "value": MASK}]}, document)
    assert given["settings"][0]["value"] == "correct horse"


def test_a_document_becomes_the_profile_of_the_pure_side(vault):
    row = {"table": "nat.port_mappings", "keys": {"external_port": 80}, "values": {"enabled": True}}
    document = documents.sealed(vault, documents.checked({"settings": [KEY], "rows": [row], "watches": [{"name": "wan.ip_address", "notification": "1"}]}))
    profile = documents.profile_of(vault, 3, "Basic", 2, 10, document)
    assert (profile.settings[0].value, profile.settings[0].hold) == ("correct horse", Hold.KEEP)
    assert profile.rows[0].keys == {"external_port": 80}
    assert (profile.watches[0].notification, profile.precedence) == (1, 10)


def test_two_versions_differ_line_by_line():
    old = {"name": "Basic", "document": documents.checked({"settings": [{"name": "wifi.2g.channel", "value": 1}]})}
    new = {"name": "Basics", "document": documents.checked({"settings": [{"name": "wifi.2g.channel", "value": 6}], "firmware": "2.0"})}
    told = {one["what"]: (one["before"], one["after"]) for one in documents.differences(old, new)}
    assert told == {"name": ("Basic", "Basics"), "wifi.2g.channel": ("1 (keep)", "6 (keep)"), "firmware": ("", "2.0")}
