"""A session our ACS recorded is taken away by REST and played against other ACSs: recorder, download and replay joined."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from acs.audit import Actor
from acs.cwmp.messages import GetParameterValues, Reboot
from acs.db.tenancy import DEFAULT_TENANT
from care.app import create_app
from care.security.permissions import Role
from care.services import build_services
from simulators.device import Device
from simulators.replay import replay_file
from tests.acs.server.house import ONBOARDING, House, until
from tests.simulators.kit import AcsResource, ScriptedAcs, quiet_site

MODEL = "Norvik G240"


async def recorded(house: House, device: Device, rpc: str, path: Path) -> Path:
    """The device's session with this method in it, as the REST interface gives it away."""
    await until(lambda: house.records(device), 5, "a recorded session")
    path.write_bytes(await deferToThread(_taken_by_rest, house, device.serial, rpc))
    return path


def _taken_by_rest(house: House, serial: str, rpc: str) -> bytes:
    services = build_services(house.settings, house.database)
    app = create_app(house.settings, services)
    system = Actor.system("test", DEFAULT_TENANT)
    user, _ = services.security.create_user(system, "anna", "Anna", Role.ADMIN, "correct horse battery")
    headers = {"Authorization": f"Bearer {services.security.issue_token(system, user.id, 'noc').secret}"}
    client = app.test_client()
    rows = client.get(f"/api/v1/sessions?serial={serial}&rpc={rpc}", headers=headers).json["items"]
    answer = client.get(f"/api/v1/sessions/{rows[-1]['id']}/recording", headers=headers)
    assert answer.status_code == 200
    return answer.data


@pytest.fixture
def another_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "another.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


async def played(path: Path, url: str) -> Any:
    return await replay_file(reactor, path, url, "", ONBOARDING, None, True)


@pytest_twisted.ensureDeferred
async def test_first_contact_is_the_same_with_a_fresh_acs_and_tells_no_secret(house: House, make_house: Any, another_url: str, tmp_path: Path):
    device = await house.home_with(MODEL)
    path = await recorded(house, device, "GetParameterNames", tmp_path / "session.json")
    text = path.read_text()
    for secret in (ONBOARDING, device.value(device.cpe.management("Password")), device.value(device.cpe.management("ConnectionRequestPassword"))):
        assert secret not in text
    fresh = await make_house(database_url=another_url)
    fresh.let_in()
    made = await played(path, fresh.url)
    assert made.same, made.text()
    assert len(made.steps) > 5
    assert fresh.view(device.serial).model == house.view(device).model
    assert set(fresh.stored(device)) == set(house.stored(device))


@pytest_twisted.ensureDeferred
async def test_acs_that_keeps_strangers_in_quarantine_is_told_from_one_that_does_not(house: House, make_house: Any, another_url: str, tmp_path: Path):
    device = await house.home_with(MODEL)
    path = await recorded(house, device, "GetParameterNames", tmp_path / "session.json")
    made = await played(path, (await make_house(database_url=another_url)).url)
    assert not made.same
    assert made.steps[0].verdict == made.steps[-1].verdict == "same"
    assert {step.verdict for step in made.steps[1:-1]} == {"missing"}


@pytest_twisted.ensureDeferred
async def test_an_acs_of_another_kind_is_answered_to_the_end_and_its_own_ways_are_told(house: House, tmp_path: Path):
    device = await house.home_with(MODEL)
    path = await recorded(house, device, "GetParameterNames", tmp_path / "session.json")
    version, unknown = f"{device.cpe.tree.root}DeviceInfo.SoftwareVersion", "Device.X_Nobody.Has"
    other = ScriptedAcs(questions=[GetParameterValues((version,)), GetParameterValues((unknown,)), Reboot("now")])
    port = reactor.listenTCP(0, quiet_site(AcsResource(other)), interface="127.0.0.1")  # type: ignore[attr-defined]
    try:
        made = await played(path, f"http://127.0.0.1:{port.getHost().port}/")
    finally:
        await port.stopListening()
    read, refused, rebooted = other.answers()
    assert read.parameter_list[0].value == device.value(version)
    assert (refused.code, rebooted.code) == (9002, 9002)
    assert other.messages[-1] == rebooted
    assert not made.same
    assert [note.partition(":")[0] for note in made.notes] == [f"GetParameterValues ({version})", f"GetParameterValues ({unknown})", "Reboot"]
    assert json.loads(made.json())["same"] is False
