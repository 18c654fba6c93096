"""What the Informs of odd devices say."""

from __future__ import annotations

import re

import pytest

from acs.cwmp.codec import decode
from acs.cwmp.messages import EventStruct
from simulators.cpe import Transfer
from simulators.quirks import named
from simulators.session import Session
from tests.simulators.kit import START, make_cpe


def inform(*quirks, model="Norvik G240", prepare=lambda cpe: None):
    cpe = make_cpe(model, quirks=quirks)
    cpe.boot(first=True)
    prepare(cpe)
    return decode(Session(cpe).first()).message


def codes(message):
    return [event.event_code for event in message.event]


def value(message, leaf):
    return next(item.value for item in message.parameter_list if item.name.endswith(leaf))


def row(quirk, name, shows):
    return pytest.param(name, shows, marks=pytest.mark.quirk(quirk), id=name)


SHOWN = [
    row("K-22", "max-envelopes-0", lambda said: said.max_envelopes == 0),
    row("K-22", "max-envelopes-5", lambda said: said.max_envelopes == 5),
    row("K-32", "large-inform", lambda said: sum(len(item.value) for item in said.parameter_list) > 390_000),
    row("K-33", "empty-event-list", lambda said: said.event == ()),
    row("K-33", "underscored-events", lambda said: codes(said) == ["0_BOOTSTRAP", "1_BOOT"]),
    row("K-33", "double-spaced-events", lambda said: codes(said) == ["0  BOOTSTRAP", "1  BOOT"]),
    row("K-33", "bare-event-numbers", lambda said: codes(said) == ["0", "1"]),
    row("K-33", "vendor-event", lambda said: "X 00D09E Something" in codes(said)),
    row("K-33", "many-command-keys", lambda said: sum(event.event_code == "M Reboot" for event in said.event) == 30),
    row("K-33", "repeated-events", lambda said: codes(said) == ["0 BOOTSTRAP", "1 BOOT"] * 2),
    row("K-34", "never-boots", lambda said: codes(said) == ["0 BOOTSTRAP"]),
    row("K-34", "unasked-connection-request", lambda said: "6 CONNECTION REQUEST" in codes(said)),
    row("K-35", "empty-manufacturer", lambda said: said.device_id.manufacturer == ""),
    row("K-35", "empty-oui", lambda said: said.device_id.oui == ""),
    row("K-35", "serial-line-feed", lambda said: said.device_id.serial_number == "NV240000001\n"),
    row("K-35", "serial-blanks", lambda said: said.device_id.serial_number == "NV240000001 A 1"),
    row("K-35", "serial-slash", lambda said: said.device_id.serial_number == "NV240000001/../v1.0"),
    row("K-35", "serial-percent", lambda said: said.device_id.serial_number == "NV240000001%2E7"),
    row("K-35", "changing-oui", lambda said: said.device_id.oui == "ffffff"),
    row("K-35", "shared-serial", lambda said: said.device_id.serial_number == "999999999999999999"),
    row("K-36", "short-names", lambda said: "DeviceInfo.SoftwareVersion" in [item.name for item in said.parameter_list]),
    row(
        "K-36",
        "both-roots",
        lambda said: {item.name.partition(".")[0] for item in said.parameter_list} == {"Device", "InternetGatewayDevice"},
    ),
    row("K-37", "clock-year-1", lambda said: said.current_time == "0001-01-01T00:00:00"),
    row("K-37", "clock-1970", lambda said: said.current_time == "1970-01-01T00:03:12Z"),
    row("K-37", "clock-milliseconds", lambda said: said.current_time == "2023-11-14T22:13:20.123Z"),
    row("K-37", "clock-no-zone", lambda said: said.current_time == "2023-11-14T22:13:20"),
    row("K-58", "no-parameter-key", lambda said: value(said, "ParameterKey") == ""),
    row("K-58", "short-parameter-key", lambda said: value(said, "ParameterKey") == "a key th"),
    row("K-72", "udp-bad-address", lambda said: value(said, "UDPConnectionRequestAddress") == "not:an:address:99999"),
]


def keyed(cpe):
    cpe.tree.put("Device.ManagementServer.ParameterKey", "a key that is long")


@pytest.mark.parametrize(("name", "shows"), SHOWN)
def test_the_inform_of_an_odd_device(name, shows):
    assert shows(inform(name, prepare=keyed))
    honest = inform(prepare=keyed)
    try:
        assert not shows(honest)
    except StopIteration:
        assert name == "udp-bad-address"


@pytest.mark.quirk("K-35", "R-21")
def test_the_oui_changes_with_every_boot():
    cpe = make_cpe(quirks=("changing-oui",))
    seen = []
    for _ in range(3):
        cpe.boot()
        seen.append(decode(Session(cpe).first()).message.device_id.oui)
    assert seen == ["ffffff", "000000", "ffffff"]
    assert inform("empty-oui").device_id.serial_number == "NV240000001"


@pytest.mark.quirk("K-36")
def test_the_same_product_class_with_another_tree():
    old, new = inform("other-tree", model="Norvik R110"), inform()
    assert old.device_id.product_class == new.device_id.product_class
    assert old.parameter_list[0].name.startswith("InternetGatewayDevice.")


@pytest.mark.quirk("R-4")
def test_a_transfer_in_a_periodic_session():
    def done(cpe):
        cpe.pending.clear()
        cpe.transfers.append(Transfer("download", "k", "1 Firmware Upgrade Image", "http://h/f", "", "", 0, "", START, "done"))

    assert codes(inform("reports-in-periodic", prepare=done)) == ["2 PERIODIC"]
    assert EventStruct("7 TRANSFER COMPLETE") in inform(prepare=done).event


@pytest.mark.quirk("K-34")
def test_bootstrap_at_every_boot():
    cpe = make_cpe(quirks=("bootstrap-each-boot",))
    cpe.boot()
    assert codes(decode(Session(cpe).first()).message) == ["0 BOOTSTRAP", "1 BOOT"]


@pytest.mark.quirk("K-21")
def test_session_timeout_is_announced():
    assert decode(Session(make_cpe(quirks=("session-timeout",))).first()).headers.session_timeout_s == 90
    assert decode(Session(make_cpe()).first()).headers.session_timeout_s is None


def test_every_profile_of_informs_is_shown_here():
    shown = {each.values[0] for each in SHOWN} | {"other-tree", "reports-in-periodic"}
    assert {name for name, profile in named().items() if profile.get("inform")} == shown
    assert re.fullmatch(r"[a-z0-9-]+", "".join(shown))
