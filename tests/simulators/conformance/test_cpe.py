"""The CPE of a case: login rounds, cookies, honest answers, and what it says when the ACS does not."""

import pytest
import pytest_twisted

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import CaseFailed
from simulators.conformance.cpe import WireCpe
from tests.simulators.conformance.broken_acs import StandIn
from tests.simulators.conformance.kit import reactor, settle, world_of


@pytest_twisted.async_yield_fixture
async def cpe():
    acs = StandIn(reactor)
    acs.listen()
    made = WireCpe(world_of(acs))
    yield made
    made.close()
    await acs.port.stopListening()
    await settle()


@pytest_twisted.ensureDeferred
async def test_a_session_logs_in_keeps_its_cookie_and_ends(cpe):
    said = await cpe.informs("1 BOOT")
    assert (said.name, said.xml.id, list(cpe.cookies)) == ("InformResponse", f"{cpe.serial}-1", ["sid"])
    assert (await cpe.calls(GetRPCMethods(), fresh=True)).name == "GetRPCMethodsResponse"
    assert await cpe.finishes() == []
    assert [(line.who, line.what) for line in cpe.lines][:4] == [
        (">", "Inform"),
        ("<", "401"),
        (">", "Inform"),
        ("<", "200 InformResponse"),
    ]
    assert not [line for line in cpe.lines if "let-me-in" in line.text]


@pytest_twisted.ensureDeferred
async def test_requests_are_answered_by_an_honest_device_unless_the_script_says_otherwise(cpe):
    path = cpe.root + "DeviceInfo.ModelName"
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs()
    said = await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)
    assert await cpe.finishes(said) == ["GetParameterValues"]
    assert "R110" in (await cpe.outcome(handle)).detail


@pytest_twisted.ensureDeferred
async def test_what_the_acs_does_not_do_fails_the_case_with_a_sentence(cpe):
    with pytest.raises(CaseFailed, match="was answered with"):
        await cpe.informs(body=cpe.envelope(cpe.inform(serial_number="")))
    await cpe.informs()
    with pytest.raises(CaseFailed, match="never asked for Reboot"):
        await cpe.until("Reboot")


@pytest_twisted.ensureDeferred
async def test_headers_chunks_and_bodies_are_the_scripts_to_change(cpe):
    data = cpe.request(b"<x/>", {"Content-Type": None, "X-Odd": "1"}, chunk=2, http10=True, method="PUT", target="/else")
    assert data.startswith(b"PUT /else HTTP/1.0\r\n")
    assert b"Content-Type" not in data
    assert b"X-Odd: 1\r\n" in data
    assert data.endswith(b"2\r\n<x\r\n2\r\n/>\r\n0\r\n\r\n")
    inform = cpe.inform("M Reboot|key", values={"A.B": "c"}, retry_count=3, oui="000001")
    assert (inform.event[0].event_code, inform.event[0].command_key, inform.retry_count, inform.device_id.oui) == (
        "M Reboot",
        "key",
        3,
        "000001",
    )
    assert ("A.B", "c") in [(value.name, value.value) for value in inform.parameter_list]
