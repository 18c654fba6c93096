"""A person as driver: told what to do, asked what came of it."""

import pytest
import pytest_twisted

from simulators.conformance.driver import ACTIONS, DriverFailed, Identified
from simulators.conformance.drivers.manual import Manual

WHO = Identified("00A0C5", "", "1", "Device.")


@pytest_twisted.ensureDeferred
async def test_a_person_is_told_and_asked(tmp_path):
    told, typed = [], iter(["", "", "", "f 9005, no such name", "done", "?"])

    def prompt(text):
        told.append(text)
        return next(typed)

    driver = Manual(prompt, tmp_path)
    assert driver.capabilities == frozenset(ACTIONS)
    await driver.open()
    await driver.prepare(WHO)
    handle = await driver.ask(WHO, "download", image=b"abc", file_name="x.bin", version="1")
    assert (tmp_path / "x.bin").read_bytes() == b"abc"
    assert "00A0C5-1" in told[2]
    assert "x.bin" in told[2]
    failed = await driver.outcome(handle)
    assert (failed.state, failed.fault) == ("failed", 9005)
    assert (await driver.outcome(handle)).state == "done"
    assert (await driver.outcome(handle)).state == "pending"


@pytest_twisted.ensureDeferred
async def test_a_person_may_give_up(tmp_path):
    with pytest.raises(DriverFailed, match="by hand"):
        await Manual(lambda _text: "skip", tmp_path).prepare(WHO)
