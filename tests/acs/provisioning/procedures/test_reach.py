"""Making a device reachable, against a scripted device."""

import pytest

from acs.cwmp import messages as m
from acs.provisioning.procedure import Done, Failed
from acs.provisioning.procedures import reach
from acs.provisioning.spreading import inform_time
from tests.acs.provisioning.scripted import Device, context, play

SERVER = "Device.ManagementServer."
BRIEF = {
    "request_username": "acs-user", "request_secret": "s3cr3t", "stun_host": "acs.example", "stun_port": 3478, "stun_username": "stun-user",
    "stun_secret": "stun-secret", "xmpp_username": "cpe-1", "xmpp_secret": "of the cpe", "xmpp_domain": "xmpp.example", "xmpp_host": "192.0.2.9",
    "xmpp_port": 5222, "xmpp_jid": "acs@xmpp.example",
}  # fmt: skip


@pytest.fixture
def device() -> Device:
    names = ("ConnectionRequestUsername", "ConnectionRequestPassword", "STUNEnable", "STUNServerAddress", "STUNServerPort", "STUNUsername", "STUNPassword",
             "ConnReqXMPPConnection", "ConnReqAllowedJabberIDs", "UDPConnectionRequestAddress")  # fmt: skip
    values = {SERVER + name: "" for name in names}
    return Device(
        values
        | {
            SERVER + "SupportedConnReqMethods": "HTTP,XMPP",
            SERVER + "PeriodicInformEnable": "0",
            SERVER + "PeriodicInformInterval": "86400",
        }
    )


def test_contact_asks_nothing(device: Device):
    assert play(reach.contact(context()), device) == Done({})
    assert device.asked == []


def test_request_login_is_written_in_one_call(device: Device):
    assert play(reach.request_login(context(brief=BRIEF)), device) == Done({"set": ["request login"]})
    assert (device.values[SERVER + "ConnectionRequestUsername"], device.values[SERVER + "ConnectionRequestPassword"]) == (
        "acs-user",
        "s3cr3t",
    )
    device.refused = {SERVER + "ConnectionRequestUsername": 9001}
    kept = play(reach.request_login(context(brief={**BRIEF, "request_secret": "new"})), device)
    assert kept == Done({"set": ["request login"], "request_username": "acs-user"})
    assert device.values[SERVER + "ConnectionRequestPassword"] == "new"
    device.refused = {SERVER + "ConnectionRequestPassword": 9001}
    assert isinstance(play(reach.request_login(context(brief=BRIEF)), device), Failed)


@pytest.mark.cwmp("F-30", "F-32", "F-36")
def test_stun_is_turned_on_with_its_login_and_the_address_watched(device: Device):
    outcome = play(reach.enable_stun(context(brief=BRIEF)), device)
    assert isinstance(outcome, Done)
    written = {name.removeprefix(SERVER): value for name, value in device.values.items()}
    assert (written["STUNEnable"], written["STUNServerAddress"], written["STUNServerPort"]) == ("1", "acs.example", "3478")
    assert (written["STUNUsername"], written["STUNPassword"]) == ("stun-user", "stun-secret")
    (watched,) = device.asked_for(m.SetParameterAttributes)
    assert watched.parameter_list[0].name == SERVER + "UDPConnectionRequestAddress" and watched.parameter_list[0].notification == 2
    assert [(value.name, value.value) for value in outcome.values] == [(SERVER + "STUNEnable", "true")]


def test_stun_that_is_refused_is_told_with_its_fault(device: Device):
    device.refused = {SERVER + "STUNServerPort": 9007}
    outcome = play(reach.enable_stun(context(brief=BRIEF)), device)
    assert isinstance(outcome, Failed) and outcome.fault is not None


def xmpp(device: Device, prefix: str = "Device.XMPP.Connection.7.") -> None:
    """The row AddObject will make, and the server's row in it."""
    names = (
        "Username",
        "Password",
        "Domain",
        "Resource",
        "UseTLS",
        "ServerConnectAlgorithm",
        "Enable",
        "Server.1.ServerAddress",
        "Server.1.Port",
        "Server.1.Enable",
    )
    device.answers[m.AddObject] = lambda request: (
        device.values.update({prefix + name: "" for name in names}),
        m.AddObjectResponse(7 if request.object_name == "Device.XMPP.Connection." else 1, 0),
    )[1]


@pytest.mark.cwmp("F-50")
def test_xmpp_is_set_up_with_its_server_and_who_may_ask(device: Device):
    xmpp(device)
    outcome = play(reach.enable_xmpp(context(brief=BRIEF)), device)
    assert isinstance(outcome, Done), outcome
    assert outcome.result["account"] == "cpe-1@xmpp.example"
    row = "Device.XMPP.Connection.7."
    assert device.values[SERVER + "ConnReqXMPPConnection"] == "Device.XMPP.Connection.7"
    assert device.values[SERVER + "ConnReqAllowedJabberIDs"] == "acs@xmpp.example"
    assert (device.values[row + "UseTLS"], device.values[row + "ServerConnectAlgorithm"], device.values[row + "Enable"]) == (
        "1",
        "ServerTable",
        "1",
    )
    assert (device.values[row + "Server.1.ServerAddress"], device.values[row + "Server.1.Port"]) == ("192.0.2.9", "5222")


@pytest.mark.cwmp("F-50")
def test_server_is_looked_up_by_dns_where_none_is_named(device: Device):
    xmpp(device)
    play(reach.enable_xmpp(context(brief={**BRIEF, "xmpp_host": ""})), device)
    assert device.values["Device.XMPP.Connection.7.ServerConnectAlgorithm"] == "DNS-SRV"
    assert device.values["Device.XMPP.Connection.7.Server.1.ServerAddress"] == ""


def test_connection_that_an_earlier_session_added_is_used_again(device: Device):
    xmpp(device)
    assert isinstance(play(reach.enable_xmpp(context(brief=BRIEF)), device), Done)
    first = len(device.asked_for(m.AddObject))
    assert isinstance(play(reach.enable_xmpp(context(brief=BRIEF, maybe_sent=True)), device), Done)
    assert len(device.asked_for(m.AddObject)) == first


@pytest.mark.cwmp("F-50")
def test_device_that_does_not_list_xmpp_is_left_as_it_is(device: Device):
    device.values[SERVER + "SupportedConnReqMethods"] = "HTTP,STUN"
    outcome = play(reach.enable_xmpp(context(brief=BRIEF)), device)
    assert isinstance(outcome, Failed) and device.asked_for(m.SetParameterValues) == []


def test_device_gets_a_place_of_its_own_in_the_interval_where_that_is_wanted(device: Device):
    time = SERVER + "PeriodicInformTime"
    device.values |= {time: "0001-01-01T00:00:00Z", "Device.DeviceInfo.SerialNumber": "S1"}
    outcome = play(reach.inform_interval(context(args={"interval_s": 900, "spread": True})), device)
    assert isinstance(outcome, Done)
    assert outcome.result["time"] == device.values[time] == inform_time("S1", 900)
    assert len(device.asked_for(m.SetParameterValues)) == 1
    device.refused = {time: 9008}
    outcome = play(reach.inform_interval(context(args={"interval_s": 1800, "spread": True})), device)
    assert isinstance(outcome, Done)
    assert "time" not in outcome.result
    assert device.values[SERVER + "PeriodicInformInterval"] == "1800"


def test_interval_is_changed_and_the_old_one_told_for_putting_back(device: Device):
    outcome = play(reach.inform_interval(context(args={"interval_s": 45})), device)
    assert isinstance(outcome, Done)
    assert outcome.result == {"interval_s": 45, "before_s": 86400, "before_enable": False}
    assert (device.values[SERVER + "PeriodicInformEnable"], device.values[SERVER + "PeriodicInformInterval"]) == ("1", "45")
    play(reach.inform_interval(context(args={"interval_s": outcome.result["before_s"], "enable": outcome.result["before_enable"]})), device)
    assert (device.values[SERVER + "PeriodicInformEnable"], device.values[SERVER + "PeriodicInformInterval"]) == ("0", "86400")
