"""Devices over real TLS sockets: encrypted, with certificates of their own, of their model, and of nobody we trust."""

from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as installed

from acs.access import service as access
from acs.db.tenancy import DEFAULT_TENANT
from acs.devices import merging
from acs.devices import service as devices
from acs.errors import NotFound
from acs.server.process import server_tls, utc_now
from acs.serving.tls import secured
from simulators.fleet import Fleet, FleetOptions
from tests.acs.server.house import ACTOR, House, until
from tests.acs.server.login.certs import Made, make

reactor: Any = installed
MODEL = "Norvik G240"


@pytest.fixture(scope="module")
def authority() -> Made:
    return make("Devices", is_authority=True)


@pytest.fixture
def served(make_house: Any, authority: Made, tmp_path: Path) -> Any:
    """`await served(tls_client=…)`: a house, and the https URL at which its worker serves as process.py would have it."""
    ports: list[Any] = []

    async def start(**given: Any) -> tuple[House, str]:
        server = make("127.0.0.1", host="127.0.0.1", is_rsa=True)
        path = server.write(tmp_path / "server.pem")
        server.write_certificate(tmp_path / "trust.pem")
        house = await make_house(tls_certificate=path, tls_client_ca=authority.write_certificate(tmp_path / "devices.pem"), **given)
        tls = server_tls(house.settings)
        assert tls is not None
        port = reactor.listenTCP(0, secured(reactor, house.workers[0].worker.factory, tls), interface="127.0.0.1")
        ports.append(port)
        return house, f"https://127.0.0.1:{port.getHost().port}/"

    yield start
    for port in ports:
        pytest_twisted.blockon(port.stopListening())


async def fleet_of(house: House, url: str, tmp_path: Path, **given: Any) -> Fleet:
    return await house.fleet(1, MODEL, url=url, ca=tmp_path / "trust.pem", **given)


def refused(house: House) -> dict[str, str]:
    """Reasons with their details, as the page shows them."""
    with house.database.read() as session:
        return {row.reason: row.detail for row in access.refusals(session, DEFAULT_TENANT)}


def known(house: House, key: str) -> Any:
    with house.database.read() as session:
        try:
            return devices.get(session, DEFAULT_TENANT, devices.find(session, DEFAULT_TENANT, key), utc_now())
        except NotFound:
            return None


@pytest.mark.cwmp("A-93", "J-1", "A-25")
@pytest_twisted.ensureDeferred
async def test_device_enrols_and_is_given_its_login_over_tls(served: Any, tmp_path: Path):
    house, url = await served()
    house.let_in()
    (device,) = (await fleet_of(house, url, tmp_path)).devices
    await house.settled(device)
    assert device.value("Device.ManagementServer.Password") != house.settings.onboarding
    assert refused(house) == {}


@pytest.mark.cwmp("A-105", "A-90")
@pytest_twisted.ensureDeferred
async def test_device_with_its_own_certificate_needs_no_password(served: Any, authority: Made, tmp_path: Path):
    house, url = await served(tls_client="required", cpe_auth="device")
    house.let_in()
    probe = Fleet(reactor, FleetOptions(1, url, (MODEL,)))
    key = str(probe.devices[0].cpe.identity.key)
    folder = tmp_path / "own"
    folder.mkdir()
    made = make(key, authority)
    made.write(folder / f"{key}.pem")
    (device,) = (await fleet_of(house, url, tmp_path, certificate=folder, password="a guess")).devices
    await house.settled(device)
    with house.database.read() as session:
        view = merging.identity(session, DEFAULT_TENANT, known(house, key).id)
    assert (view.login, view.certificate_fingerprint) == ("certificate", made.fingerprint)


@pytest.mark.cwmp("L-26", "A-105")
@pytest.mark.parametrize("kind", ["of another device", "of nobody we trust", "missing"])
@pytest_twisted.ensureDeferred
async def test_device_with_a_certificate_that_does_not_fit_is_refused_and_the_reason_is_shown(
    served: Any, authority: Made, tmp_path: Path, kind: str
):
    house, url = await served(tls_client="required")
    house.let_in()
    given: dict[str, Any] = {}
    if kind != "missing":
        own = make("00D09E-Other-S9", authority) if kind == "of another device" else make("00D09E-Other-S9")
        given["certificate"] = own.write(tmp_path / "own.pem")
    (device,) = (await fleet_of(house, url, tmp_path, **given)).devices
    await until(lambda: device.counts.failed, 15, "a refused session")
    assert device.counts.sessions == 0
    await until(lambda: refused(house), 15, "the reason on the page")
    reason = {"of another device": "certificate", "of nobody we trust": "certificate", "missing": "no_certificate"}[kind]
    words = {"of another device": "of 00D09E-Other-S9", "of nobody we trust": "self-signed", "missing": "none came"}[kind]
    assert words in refused(house)[reason]
    assert known(house, str(device.cpe.identity.key)) is None


@pytest.mark.cwmp("A-105")
@pytest_twisted.ensureDeferred
async def test_certificate_shared_by_a_model_is_not_enough_without_a_login(served: Any, authority: Made, tmp_path: Path):
    house, url = await served(tls_client="required")
    house.let_in()
    shared = make("acme-gateway", authority).write(tmp_path / "shared.pem")
    guesses = (await fleet_of(house, url, tmp_path, certificate=shared, password="a guess", first_number=1)).devices
    logins = (await fleet_of(house, url, tmp_path, certificate=shared, first_number=2)).devices
    await house.settled(*logins)
    await until(lambda: guesses[0].counts.failed, 15)
    assert guesses[0].counts.sessions == 0


@pytest_twisted.ensureDeferred
async def test_handshake_that_fails_is_told_of(served: Any, tmp_path: Path):
    """A device that speaks plain HTTP to the encrypted port: the first thing an engineer sees when the URL is wrong."""
    house, url = await served()
    port = int(url.rpartition(":")[2].strip("/"))
    raw = await house.connect(port)
    raw.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    await raw.closed
    await until(lambda: refused(house), 15, "the reason on the page")
    assert "http request" in refused(house)["tls"]


@pytest_twisted.ensureDeferred
async def test_rule_that_is_made_now_holds_at_the_next_contact(served: Any, tmp_path: Path):
    house, url = await served()
    house.let_in()
    (device,) = (await fleet_of(house, url, tmp_path)).devices
    await house.settled(device)
    with house.database.write() as unit:
        access.add_block(unit, ACTOR, {"serial_pattern": device.serial, "reason": "stolen"}, utc_now())
    worker = house.workers[0].worker
    await until(lambda: worker.doorman.entrance.blocks.rules, 5, "the rule in memory")
    before = device.counts.sessions
    device.reboot()
    await until(lambda: device.counts.failed, 15)
    assert device.counts.sessions == before

    def hits() -> int:
        with house.database.read() as session:
            return access.blocks(session, DEFAULT_TENANT)[0].hits

    await until(hits, 15, "the hit on the page")
    assert "stolen" in refused(house)["blocked"]
