"""Reboot and FactoryReset of the ACS (conformance C.11; quirks K-18, K-57)."""

from __future__ import annotations

from typing import Any

from acs.cwmp.messages import FactoryResetResponse, RebootResponse
from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe

GROUP = "Reboot"


async def _asked(cpe: WireCpe, action: str, rpc: str) -> tuple[Any, Said]:
    await cpe.acquainted()
    handle = await cpe.wants(action)
    await cpe.informs("6 CONNECTION REQUEST")
    return handle, await cpe.until(rpc)


@case(GROUP, "C-140", "L-51", "D-35", title="Reboot: answered, done after the session, told by 1 BOOT and M Reboot", needs="reboot")
async def reboots(cpe: WireCpe) -> None:
    """Answers, ends the session, and comes back with 1 BOOT and M Reboot with the CommandKey."""
    handle, said = await _asked(cpe, "reboot", "Reboot")
    key = cpe.reading(said).command_key
    check(len(key) <= 32, "CommandKey is longer than 32 characters")
    await cpe.finishes(await cpe.answers(said, RebootResponse()))
    check((await cpe.outcome(handle, 0.0)).state != "failed", "the reboot failed before the device was back")
    cpe.model.boot()
    cpe.model.pending.clear()
    await cpe.informs("1 BOOT", f"M Reboot|{key}")
    await cpe.finishes()
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the device rebooted, the ACS says {outcome.state}: {outcome.detail}")


@case(GROUP, "C-142", "K-18", title="A reboot told by 1 BOOT alone", needs="reboot")
async def boot_alone(cpe: WireCpe) -> None:
    """Cuts the session right after the response and comes back with 1 BOOT without M Reboot."""
    handle, said = await _asked(cpe, "reboot", "Reboot")
    line = await cpe.line()
    line.send(cpe.request(cpe.envelope(RebootResponse(), said.xml.id)))
    await cpe.pause(0.3)
    cpe.hang_up(cut=True)
    await cpe.informs("1 BOOT")
    asked = await cpe.finishes()
    check("Reboot" not in asked, "the device has just rebooted, and is told to again")
    check((await cpe.outcome(handle, 3.0)).state != "failed", "the device rebooted, the ACS says that it failed")


@case(GROUP, "C-140", "E-2", title="A refused reboot is told", needs="reboot")
async def refused(cpe: WireCpe) -> None:
    """Answers Reboot with 9001."""
    handle, said = await _asked(cpe, "reboot", "Reboot")
    asked = await cpe.finishes(await cpe.answers(said, CwmpFault(9001, "Request denied")))
    check("Reboot" not in asked, "a refused reboot is sent again")
    check((await cpe.outcome(handle)).state == "failed", "a refused reboot is not told as failed")


@case(GROUP, "A-70", "C-140", title="Reboot sent, and the device gone: not sent again blind", needs="reboot")
async def vanishes(cpe: WireCpe) -> None:
    """Cuts the connection without answering and comes back with 1 BOOT: whoever reboots a device twice has not looked."""
    _handle, _said = await _asked(cpe, "reboot", "Reboot")
    cpe.hang_up(cut=True)
    await cpe.informs("1 BOOT", "M Reboot|" + cpe.reading(_said).command_key)
    asked = await cpe.finishes()
    check("Reboot" not in asked, "the device has just rebooted, and is told to again")


@case(GROUP, "C-141", title="A reboot in the middle of other work", needs="reboot read")
async def with_other_work(cpe: WireCpe) -> None:
    """Something to read and a reboot are queued; each is asked once, and the session ends."""
    path = cpe.root + "DeviceInfo.ModelName"
    await cpe.acquainted()
    read = await cpe.wants("read", paths=[path])
    await cpe.wants("reboot")
    await cpe.informs("6 CONNECTION REQUEST")
    asked = await cpe.finishes()
    check(asked.count("Reboot") <= 1, "Reboot is sent twice")
    cpe.model.after.reboot = False
    await cpe.informs(
        "1 BOOT", *[f"{event.event_code}|{event.command_key}" for event in cpe.model.pending if event.event_code == "M Reboot"]
    )
    asked += await cpe.finishes()
    check(asked.count("Reboot") == 1, f"Reboot was sent {asked.count('Reboot')} times")
    check((await cpe.outcome(read)).state == "done", "what was to be read beside the reboot was lost")


@case(
    "Reboot",
    "C-143",
    "L-52",
    "D-20",
    "C-144",
    title="FactoryReset: the device comes back with 0 BOOTSTRAP and its first login",
    needs="factory_reset",
)
async def factory_reset(cpe: WireCpe) -> None:
    """Answers, loses everything, and informs with 0 BOOTSTRAP and 1 BOOT with the credentials it was delivered with."""
    handle, said = await _asked(cpe, "factory_reset", "FactoryReset")
    await cpe.finishes(await cpe.answers(said, FactoryResetResponse()))
    cpe.model.factory_reset()
    cpe.model.after.factory_reset = False
    await cpe.informs("0 BOOTSTRAP", "1 BOOT")
    await cpe.finishes()
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the device was reset, the ACS says {outcome.state}: {outcome.detail}")
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()


@case("Reboot", "X-2", "C-5", "E-1", title="FactoryReset is optional: 9000 is told", needs="factory_reset")
async def factory_reset_unknown(cpe: WireCpe) -> None:
    """Answers FactoryReset with 9000."""
    await cpe.acquainted()
    handle = await cpe.wants("factory_reset")
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.empty()
    while said.is_request:
        said = await cpe.answers(said, CwmpFault(9000, "Method not supported") if said.name == "FactoryReset" else None)
    check((await cpe.outcome(handle)).state == "failed", "FactoryReset that is not supported is not told as failed")
