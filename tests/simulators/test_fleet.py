"""A fleet against a scripted ACS on a loopback socket, and its state file."""

from __future__ import annotations

import json
import resource
import stat
import time

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.task import deferLater

from acs.cwmp.digest import answer_challenge
from acs.cwmp.messages import GetParameterValues
from acs.errors import WrongEnvironment
from simulators.fleet import Fleet, FleetOptions
from simulators.http import HttpClient
from tests.simulators.kit import AcsResource, ScriptedAcs, clock_at, quiet_site, set_values
from tests.simulators.test_http import Server

SSID = "Device.WiFi.SSID.1.SSID"


async def until(holds, seconds=5.0):
    """Let the reactor work until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        await deferLater(reactor, 0.01, lambda: None)


class Bench:
    """A scripted ACS and a fleet that talks to it."""

    def __init__(self, acs=None, **options):
        self.acs = acs or ScriptedAcs()
        self.port = reactor.listenTCP(0, quiet_site(AcsResource(self.acs)), interface="127.0.0.1")
        url = f"http://127.0.0.1:{self.port.getHost().port}/acs"
        self.fleet = Fleet(reactor, FleetOptions(**{"url": url, "boot_s": (0.01, 0.02), "flash_s": (0.01, 0.02), **options}))

    async def __aenter__(self):
        await self.fleet.start()
        return self

    async def __aexit__(self, *_):
        await self.fleet.stop()
        await self.port.stopListening()


@pytest.mark.cwmp("L-1", "L-2", "A-20")
@pytest_twisted.ensureDeferred
async def test_a_fleet_bootstraps_and_answers():
    async with Bench(ScriptedAcs(questions=[GetParameterValues(("",))]), count=4) as bench:
        await until(lambda: bench.fleet.totals().sessions == 4)
        assert {inform.device_id.oui for inform in bench.acs.informs} == {"02A5C1", "02B7D3"}
        assert {"session=abc; worker=2"} == {
            cookie for cookie, message in zip(bench.acs.cookies, bench.acs.messages, strict=True) if message is None
        }
        assert max(len(answer.parameter_list) for answer in bench.acs.answers()) > 400
        assert bench.fleet.totals().rpcs == 1


@pytest.mark.cwmp("L-71", "F-2", "F-6")
@pytest_twisted.ensureDeferred
async def test_connection_request_wakes_the_right_device():
    login = {"Device.ManagementServer.ConnectionRequestUsername": "acs", "Device.ManagementServer.ConnectionRequestPassword": "pw"}
    async with Bench(ScriptedAcs(questions=[set_values(login)]), count=1, models=("G240",)) as bench:
        await until(lambda: bench.fleet.totals().sessions == 1)
        device = bench.fleet.devices[0]
        url = device.value("Device.ManagementServer.ConnectionRequestURL")
        client = HttpClient(reactor)
        first = await client.request("GET", url, [])
        path = "/" + url.split("/", 3)[3]
        line = answer_challenge(first.all("www-authenticate"), "acs", "pw", "GET", path, "abcd")
        assert (await client.request("GET", url, [("Authorization", line)])).status == 200
        client.close()
        await until(lambda: len(bench.acs.informs) == 2)
        assert bench.acs.events() == ["6 CONNECTION REQUEST"]


@pytest_twisted.ensureDeferred
async def test_state_is_kept_over_a_restart(tmp_path):
    state = tmp_path / "fleet.json"
    own = {"Device.ManagementServer.Password": "own-secret", SSID: "Kept"}
    async with Bench(ScriptedAcs(questions=[set_values(own, "key")]), count=1, models=("G240",), state=state) as bench:
        await until(lambda: bench.fleet.totals().sessions == 1)
        assert "own-secret" in state.read_text()  # saved after the session, not only at the end
        url = bench.fleet.devices[0].value("Device.ManagementServer.ConnectionRequestURL")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    async with Bench(count=1, models=("G240",), state=state) as bench:
        await until(lambda: bench.acs.informs)
        device = bench.fleet.devices[0]
        assert bench.acs.events()[0] == "1 BOOT"
        assert "0 BOOTSTRAP" not in bench.acs.events()
        assert device.value(SSID) == "Kept"
        assert device.cpe.setting("Password") == "own-secret"
        assert device.cpe.setting("ParameterKey") == "key"
        assert url.rpartition("/")[2] == device.token


@pytest.mark.cwmp("F-20", "C-67")
@pytest_twisted.ensureDeferred
async def test_a_new_connection_request_url_is_notified(tmp_path):
    state = tmp_path / "fleet.json"
    async with Bench(count=1, models=("R110",), state=state) as bench:
        await until(lambda: bench.fleet.totals().sessions == 1)
    kept = json.loads(state.read_text())
    (device,) = kept["devices"].values()
    device["reported"] = dict.fromkeys(device["reported"], "http://127.0.0.1:1/cr/old")
    state.write_text(json.dumps(kept))
    async with Bench(count=1, models=("R110",), state=state) as bench:
        await until(lambda: bench.acs.informs)
        assert set(bench.acs.events()) == {"1 BOOT", "4 VALUE CHANGE"}


HTTP = ("previous-cookie", "no-cookie", "new-connection", "http10", "expect-continue", "slow-line", "chunked", "odd-content-type", "no-soapaction",
        "no-empty-post", "retry-thousands", "lingers")  # fmt: skip


@pytest.mark.quirk("K-1", "K-5", "K-7", "K-8", "K-10", "K-11", "K-12", "K-13", "K-14", "K-16", "K-20")
@pytest.mark.parametrize("quirk", HTTP)
@pytest_twisted.ensureDeferred
async def test_odd_http_still_makes_a_session(quirk):
    async with Bench(count=1, models=("R110",), quirks=(quirk,)) as bench:
        await until(lambda: bench.fleet.totals().sessions == 1)
        assert bench.acs.events() == ["0 BOOTSTRAP", "1 BOOT"]


@pytest.mark.quirk("K-9")
@pytest_twisted.ensureDeferred
async def test_a_fleet_on_one_line():
    async with Bench(count=4, quirks=("shared-line",)) as bench:
        await until(lambda: bench.fleet.totals().sessions == 4)
        assert len({id(device.client) for device in bench.fleet.devices}) == 1
        assert sum("connection" in headers and headers["connection"] == "close" for headers in bench.acs.headers) == 0


@pytest.mark.quirk("K-69")
@pytest_twisted.ensureDeferred
async def test_a_fleet_listens_on_ipv6_where_a_device_says_so():
    async with Bench(count=1, quirks=("cr-url-ipv6",)) as bench:
        await until(lambda: bench.fleet.totals().sessions == 1)
        url = bench.fleet.devices[0].cpe.setting("ConnectionRequestURL")
        assert url.startswith("http://[::1]:")
        client = HttpClient(reactor, idle_s=3)
        answer = await client.request("GET", url, [])
        client.close()
        assert answer.status in (200, 401)


@pytest_twisted.ensureDeferred
async def test_said_once_when_all_are_there_and_once_when_the_acs_is_away():
    said: list[str] = []
    async with Bench(count=3, say=said.append) as bench:
        await until(lambda: bench.fleet.totals().sessions == 3)
    away = Fleet(reactor, FleetOptions(count=3, url="http://127.0.0.1:1/", say=said.append))
    await away.start()
    await until(lambda: away.totals().failed == 3)
    await away.stop()
    assert len(said) == 2
    assert said[0].startswith("All 3 devices have reached")
    assert "session failed, no connection" in said[1]


@pytest.mark.cwmp("A-60")
@pytest.mark.parametrize(
    "answer",
    [
        b"", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 70000, b"HTTP/1.1 302 Found\r\nLocation: gopher://x\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[bad\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 No\r\nWWW-Authenticate: Digest nonce\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 204 None\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 120\r\n\r\n" + b"<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><Fault/></e:Body></e:Envelope>".ljust(120),
    ],
)  # fmt: skip
@pytest_twisted.ensureDeferred
async def test_whatever_an_acs_answers_only_the_session_fails(answer):
    server = Server(answer, close=True)
    fleet = Fleet(reactor, FleetOptions(count=1, url=server.url))
    await fleet.start()
    await until(lambda: fleet.totals().failed == 1)
    device = fleet.devices[0]
    assert device.cpe.retry_count == 1
    assert [event.event_code for event in device.cpe.pending] == ["0 BOOTSTRAP", "1 BOOT"]
    await fleet.stop()
    await server.port.stopListening()


def test_unreadable_state_is_said_at_the_start(tmp_path):
    state = tmp_path / "fleet.json"
    state.write_text("[]")
    with pytest.raises(WrongEnvironment, match="State file"):
        Fleet(clock_at(), FleetOptions(state=state))


def test_demo_is_twenty_named_homes_with_a_few_troubles():
    fleet = Fleet(clock_at(), FleetOptions(demo=True))
    again = Fleet(clock_at(), FleetOptions(demo=True))
    assert len(fleet.devices) == 20
    assert [device.serial for device in fleet.devices] == [device.serial for device in again.devices]
    assert len({device.cpe.facts.ssid for device in fleet.devices}) == 20
    first, second, third = fleet.devices[:3]
    assert first.value("Device.DHCPv4.Server.Pool.1.MinAddress") == "192.168.8.100"
    assert -28_600 < int(second.value("Device.Optical.Interface.1.OpticalSignalLevel")) < -28_200
    assert third.value("InternetGatewayDevice.LANDevice.1.WLANConfiguration.1.BeaconType") == "None"
    assert sum(device.cpe.facts.version != device.cpe.facts.profile.firmware for device in fleet.devices) == 3


def test_default_fleet_is_half_tr181_half_tr098():
    roots = [device.cpe.tree.base.root for device in Fleet(clock_at(), FleetOptions(count=8)).devices]
    assert roots.count("Device") == roots.count("InternetGatewayDevice") == 4


def test_a_thousand_devices_share_their_trees():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    many = Fleet(clock_at(), FleetOptions(count=1000, seed=78))
    assert len({id(device.cpe.tree.base) for device in many.devices}) <= 24
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest_twisted.ensureDeferred
async def test_taken_port_is_wrong_environment():
    port = reactor.listenTCP(0, quiet_site(AcsResource(ScriptedAcs())), interface="127.0.0.1")
    with pytest.raises(WrongEnvironment, match=str(port.getHost().port)):
        await Fleet(reactor, FleetOptions(connection_request_port=port.getHost().port)).start()
    await port.stopListening()


def test_unknown_names_are_refused_with_what_there_is():
    for options in (FleetOptions(models=("Nokia",)), FleetOptions(faults=("bad-hair",)), FleetOptions(quirks=("nervous",))):
        with pytest.raises(WrongEnvironment, match="there are"):
            Fleet(clock_at(), options)
