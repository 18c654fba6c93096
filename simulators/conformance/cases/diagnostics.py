"""Diagnostics: a ping from write to result (conformance G.1, G-20, L-80, L-81)."""

from __future__ import annotations

from typing import Any

from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe

GROUP = "Diagnostics"


def _place(cpe: WireCpe) -> str:
    return cpe.root + ("IP.Diagnostics.IPPing." if cpe.root == "Device." else "IPPingDiagnostics.")


async def _started(cpe: WireCpe) -> tuple[Any, Said]:
    """(handle, request): up to the write that asks for the test."""
    await cpe.acquainted()
    handle = await cpe.wants("ping", host="192.0.2.1", count=4)
    await cpe.informs("6 CONNECTION REQUEST")
    state = _place(cpe) + "DiagnosticsState"
    said = await cpe.until("SetParameterValues", lambda message: any(item.name == state for item in message.parameter_list))
    return handle, said


async def _collected(cpe: WireCpe, state: str, **found: str) -> list[str]:
    """The test is over: put its results where they are read, and inform."""
    place = _place(cpe)
    cpe.model.to_start.clear()
    for leaf, text in {"DiagnosticsState": state, **found}.items():
        cpe.model.tree.put(place + leaf, text)
    await cpe.informs("8 DIAGNOSTICS COMPLETE")
    return await cpe.finishes()


@case(GROUP, "G-1", "G-2", "L-80", title="Inputs and Requested come in one write, nothing else of its state", needs="ping")
async def request(cpe: WireCpe) -> None:
    """Reads the write that starts a ping."""
    _, said = await _started(cpe)
    values = {item.name.removeprefix(_place(cpe)): item.value for item in cpe.reading(said).parameter_list}
    check(values["DiagnosticsState"] == "Requested", f"DiagnosticsState is written {values['DiagnosticsState']!r}")
    check(values.get("Host") == "192.0.2.1", "Host is not in the write that starts the test")
    check(values.get("NumberOfRepetitions") == "4", "NumberOfRepetitions is not in the write that starts the test")


@case(GROUP, "G-3", "G-11", "G-13", title="After the request the session ends", needs="ping")
async def session_ends(cpe: WireCpe) -> None:
    """A device begins its test when the session is over: the ACS must not wait for it within the session."""
    _, said = await _started(cpe)
    asked = await cpe.finishes(said)
    check(len(asked) < 12, f"after the request for a test the ACS goes on with {len(asked)} requests")
    check("SetParameterAttributes" not in asked, "active notification is set on a diagnostic")


@case(GROUP, "G-4", "G-11", "L-80", "D-51", "D-28", title="After 8 DIAGNOSTICS COMPLETE the results are read", needs="ping")
async def results(cpe: WireCpe) -> None:
    """Runs the ping, informs with event 8, and the ACS reads state and results."""
    handle, said = await _started(cpe)
    await cpe.finishes(said)
    asked = await _collected(
        cpe, "Complete", SuccessCount="3", FailureCount="1", AverageResponseTime="17", MinimumResponseTime="9", MaximumResponseTime="33"
    )
    check("GetParameterValues" in asked, "after 8 DIAGNOSTICS COMPLETE the results are not read")
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the ping is complete, the ACS says {outcome.state}: {outcome.detail}")
    cpe.should("17" in outcome.detail or not outcome.detail, "the result of the ping is not told")


@case(GROUP, "X-7", "G-12", title="Completed counts as Complete", needs="ping")
async def completed(cpe: WireCpe) -> None:
    """The device says Completed, as older models have it."""
    handle, said = await _started(cpe)
    await cpe.finishes(said)
    await _collected(cpe, "Completed", SuccessCount="4", FailureCount="0", AverageResponseTime="5")
    check((await cpe.outcome(handle)).state == "done", "Completed is not taken for Complete")


@case(GROUP, "G-12", "L-81", title="A test that failed is told with its state", needs="ping")
async def failed(cpe: WireCpe) -> None:
    """The device says Error_CannotResolveHostName."""
    handle, said = await _started(cpe)
    await cpe.finishes(said)
    await _collected(cpe, "Error_CannotResolveHostName")
    outcome = await cpe.outcome(handle)
    check(outcome.state == "failed", f"a test that failed is {outcome.state}")


@case(GROUP, "G-3", "E-8", title="Inputs that are refused end the test", needs="ping")
async def refused(cpe: WireCpe) -> None:
    """Refuses the write that starts the ping, each time."""
    handle, said = await _started(cpe)
    times = 0
    while said.is_request and times < 15:
        times += said.name == "SetParameterValues"
        said = await cpe.answers(said, CwmpFault(9003, "Invalid arguments") if said.name == "SetParameterValues" else None)
    check(times < 15, "a refused test is asked for again and again")
    check((await cpe.outcome(handle)).state == "failed", "a test whose inputs were refused is not told as failed")


@case(GROUP, "G-11", "G-12", title="A test that was lost by a reboot is not waited for for ever", needs="ping")
async def lost(cpe: WireCpe) -> None:
    """The device reboots before it is done: DiagnosticsState is None again. The ACS reads it, or starts anew, but claims no result."""
    handle, said = await _started(cpe)
    await cpe.finishes(said)
    cpe.model.to_start.clear()
    cpe.model.boot()
    cpe.model.tree.put(_place(cpe) + "DiagnosticsState", "None")
    await cpe.informs("1 BOOT")
    await cpe.finishes()
    check((await cpe.outcome(handle, 0.5)).state != "done", "a test that was lost is told as done")
