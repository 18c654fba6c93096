"""Firmware over required versions, by simulated devices: each step is loaded, told and proven before the next begins."""

import io

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from acs.firmware import service as firmware
from acs.operations import chaining
from acs.operations import service as operations
from acs.operations.views import OperationState
from acs.server.process import utc_now
from simulators.firmware import make_image
from tests.acs.server.house import ACTOR, House
from tests.integration.test_flows import NEW, version


async def images(house: House, *described: tuple[str, str]) -> list[int]:
    def add() -> list[int]:
        found = []
        for number, rule in described:
            _, sha, size = firmware.store_upload(io.BytesIO(make_image(NEW, number, 20_000)), house.settings.files_dir, 10**8)
            with house.database.write() as unit:
                found.append(firmware.add(unit, ACTOR, utc_now(), sha, size, f"{number}.bin", number, NEW, from_versions=rule))
        return found

    return list(await deferToThread(add))


@pytest.mark.cwmp("I-11")
@pytest_twisted.ensureDeferred
async def test_wanted_version_is_reached_over_the_one_that_must_run_before(house: House):
    device = await house.home_with(NEW)
    old = device.value(version(device))
    step, goal = await images(house, ("8.0.1", "<8"), ("9.0.1", "8.*"))
    first = await house.done(device, "firmware", {"image": goal})
    assert (first.args["image"], first.args["goal"], first.result["before"], first.result["version"]) == (step, goal, old, "8.0.1")
    last = await house.ended(first.result["next"])
    assert (last.state, last.result["before"], last.result["version"], last.args["follows"]) == (OperationState.DONE, "8.0.1", "9.0.1", first.id)
    assert (device.value(version(device)), device.download_count) == ("9.0.1", 2)
    with house.database.read() as session:
        assert chaining.last_of(session, ACTOR.tenant, first.id) == last.id
        assert operations.of_image(session, ACTOR.tenant, goal, utc_now()) == {"done": 1}
