"""The device's XMPP client against a real prosody: whom it answers, how, and that it follows its parameters."""

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from acs.server.connection_request import WakeResult
from acs.server.xmpp import Account, XmppLink
from simulators.fleet import Fleet, FleetOptions
from tests.prosody import ACS, DOMAIN, PASSWORD, Prosody

pytestmark = pytest.mark.prosody
reactor: Any = installed
SERVER, ROW = "Device.ManagementServer.", "Device.XMPP.Connection.1."


def pause(seconds: float) -> Any:
    return deferLater(reactor, seconds, lambda: None)


async def until(check: Any) -> None:
    for _ in range(400):
        if check():
            return
        await pause(0.025)
    raise AssertionError("not within 10 s")


@pytest.fixture
def world(prosody: Prosody) -> Iterator[Any]:
    """A device that runs, with an account and its parameters set as an ACS would, and the ACS's link."""
    fleet = Fleet(reactor, FleetOptions(1, "http://127.0.0.1:9/", ("G240",), ca=prosody.ca, clip_retry_s=30.0))
    pytest_twisted.blockon(Deferred.fromCoroutine(fleet.start()))
    device = fleet.devices[0]
    acs = XmppLink(reactor, Account(f"{ACS}/acs", PASSWORD, "127.0.0.1", prosody.port, DOMAIN, prosody.ca.read_text()))
    acs.start()
    yield device, acs, prosody
    acs.stop()
    pytest_twisted.blockon(Deferred.fromCoroutine(fleet.stop()))
    pytest_twisted.blockon(pause(0.1))


async def connected(device: Any, acs: XmppLink, prosody: Prosody, user: str, allowed: str = ACS) -> str:
    prosody.register(user, DOMAIN, "of the cpe")
    tree = device.cpe.tree
    assert tree.add_row("Device.XMPP.Connection.") == 1
    assert tree.add_row(ROW + "Server.") == 1
    values = {
        ROW + "Username": user, ROW + "Password": "of the cpe", ROW + "Domain": DOMAIN, ROW + "Resource": "cwmp", ROW + "UseTLS": "true",
        ROW + "ServerConnectAlgorithm": "ServerTable", ROW + "Server.1.ServerAddress": "127.0.0.1", ROW + "Server.1.Port": str(prosody.port),
        ROW + "Server.1.Enable": "true", ROW + "Enable": "true", SERVER + "ConnectionRequestUsername": "acs-user",
        SERVER + "ConnectionRequestPassword": "s3cr3t", SERVER + "ConnReqXMPPConnection": ROW.rstrip("."), SERVER + "ConnReqAllowedJabberIDs": allowed,
    }  # fmt: skip
    for path, text in values.items():
        tree.put(path, text)
    await until(lambda: device.power.name == "RUNNING" and acs.is_up)
    device._follow()
    await until(lambda: device.links[1].is_up)
    return f"{user}@{DOMAIN}/cwmp"


@pytest.mark.cwmp("F-51", "F-53", "F-54", "L-75")
@pytest_twisted.ensureDeferred
async def test_good_request_is_answered_and_a_wrong_login_refused(world: Any):
    device, acs, prosody = world
    jid = await connected(device, acs, prosody, "sim-good")
    assert device.value(SERVER + "ConnReqJabberID") == jid
    assert (await acs.call(jid, "acs-user", "s3cr3t"))[0] is WakeResult.OK
    assert (await acs.call(jid, "acs-user", "wrong"))[0] is WakeResult.UNAUTHORIZED
    assert (device.links[1].heard, device.counts.calls) == (1, 1)


@pytest.mark.cwmp("F-54", "F-55", "L-75")
@pytest.mark.parametrize(
    ("allowed", "result"),
    [
        (f"{ACS}/acs", WakeResult.OK), (f"{ACS}/other", WakeResult.UNAVAILABLE), (f"noc@{DOMAIN}", WakeResult.UNAVAILABLE), ("", WakeResult.OK),
        (f"noc@{DOMAIN},{ACS}", WakeResult.OK),
    ],
    ids=["full", "other resource", "somebody else", "everybody", "list"],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_only_those_on_the_list_are_answered(world: Any, request: Any, allowed: str, result: WakeResult):
    device, acs, prosody = world
    jid = await connected(device, acs, prosody, "sim-" + request.node.callspec.id.replace(" ", "-"), allowed)
    assert (await acs.call(jid, "acs-user", "s3cr3t"))[0] is result


@pytest.mark.cwmp("F-51")
@pytest_twisted.ensureDeferred
async def test_link_ends_with_its_parameters_and_keeps_the_address_when_it_only_drops(world: Any):
    device, acs, prosody = world
    jid = await connected(device, acs, prosody, "sim-ends")
    device.cpe.tree.put(ROW + "Enable", "false")
    device._follow()
    await until(lambda: not device.links[1].is_up)
    assert device.value(SERVER + "ConnReqJabberID") == jid
    assert (await acs.call(jid, "acs-user", "s3cr3t"))[0] is WakeResult.UNAVAILABLE
