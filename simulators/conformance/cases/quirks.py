"""Quirks: every profile of simulators/quirks against the ACS. It finishes a session with that device, and does what it is asked.

The device is one of simulators.fleet, which lives by itself; its profile names the rows of the quirk list and what to expect. The driver is
told of it by what its first Inform says it is.
"""

from __future__ import annotations

from typing import Any

from acs.cwmp.codec import decode
from acs.cwmp.faults import CpeProtocolError
from acs.cwmp.identity import identity_of
from acs.cwmp.messages import Inform
from simulators.conformance.case import CaseFailed, case
from simulators.conformance.cpe import WireCpe
from simulators.conformance.driver import DriverFailed, Identified
from simulators.fleet import Fleet, FleetOptions
from simulators.quirks import named

GROUP = "Quirks"
FIRST_S, ASKED_S = 60.0, 20.0
HANGS_S = 1.0
CALL_S = 1.0
"""How long the ACS is given to call the device before it comes by itself: not every odd device can be called."""


class Lived:
    """A device with a quirk in a fleet of one, whose HTTP exchanges are in the case's transcript."""

    def __init__(self, cpe: WireCpe, name: str) -> None:
        world = cpe.world
        self.cpe = cpe
        model = str(named()[name].get("model") or "Norvik R110")
        options = FleetOptions(
            1, world.url, (model,), quirks=(name,), password=world.login[1], inform_interval_s=86400, boot_s=(0.3, 0.5), flash_s=(0.2, 0.3),
            clip_retry_s=0.5, bind=world.callback, hangs_s=HANGS_S,
        )  # fmt: skip
        self.fleet = Fleet(world.reactor, options)
        self.device = self.fleet.devices[0]
        facts = self.device.cpe.facts
        facts.serial = cpe.serial
        facts.username = world.login[0] or str(self.device.cpe.identity.key)
        self.who: Identified | None = None
        self._listen()

    def _listen(self) -> None:
        ask = self.device.client.request

        async def told(method: str, url: str, headers: Any, body: bytes = b"", **how: Any) -> Any:
            if self.who is None:
                self.who = self._says(body)
                await self.admit()
            self.cpe.note(f"{method} {len(body)} octets", ">", body.decode("utf-8", "replace"))
            got = await ask(method, url, headers, body, **how)
            self.cpe.note(f"{got.status}, {len(got.body)} octets", "<", got.body.decode("utf-8", "replace"))
            return got

        self.device.client.request = told  # type: ignore[method-assign]

    def _says(self, body: bytes) -> Identified:
        """Who it says it is; where an Inform cannot be read, who it is."""
        identity = self.device.cpe.identity
        try:
            message = decode(body).message
        except CpeProtocolError:
            message = None
        if isinstance(message, Inform):
            identity = identity_of(message.device_id)
        return Identified(identity.oui, identity.product_class, identity.serial_number, self.device.cpe.tree.root)

    async def admit(self) -> bool:
        """Whether the ACS could be told to serve it. What it cannot be told of before it is seen is told of afterwards."""
        assert self.who is not None
        try:
            await self.cpe.world.driver.prepare(self.who)
        except DriverFailed as error:
            self.cpe.note(f"the driver cannot have it served yet: {error}")
            return False
        return True

    async def until(self, holds: Any, within_s: float, otherwise: str) -> None:
        deadline = self.cpe.world.reactor.seconds() + within_s
        while not holds():
            if self.cpe.world.reactor.seconds() > deadline:
                raise CaseFailed(
                    f"{otherwise}; {self.device.counts.failed} sessions failed, the last: {self.device.counts.last_failure or 'none'}"
                )
            await self.cpe.pause(0.05)


def _quirk(name: str, about: dict[str, Any]) -> None:
    says, rows = str(about["says"]), tuple(about.get("rows", ()))
    refusal = about.get("expect") == "refusal"
    ending = "Its first session ends, and a value is read from it if the ACS can be asked to."
    if refusal:
        ending = f"It cannot be served: {about['because']}. The ACS lives on."

    @case(GROUP, *rows, name=name, title=f"A device that {says}", does=f"A device that {says}. {ending}", wait_s=FIRST_S + ASKED_S)
    async def lives(cpe: WireCpe) -> None:
        lived = Lived(cpe, name)
        device = lived.device
        try:
            await lived.fleet.start()
            if refusal:
                await lived.until(lambda: device.counts.failed or device.counts.sessions, FIRST_S, "neither a session nor a refusal")
                cpe.should(not device.rpcs, f"it is asked {', '.join(device.rpcs[:3])} all the same")
                await cpe.lives()
                return
            await lived.until(lambda: device.counts.sessions and not device.in_session, FIRST_S, "no session came to its end")
            if "read" in cpe.world.driver.capabilities:
                await _reads(cpe, lived)
        finally:
            await lived.fleet.stop()
            cpe.note(f"{device.counts.sessions} sessions, {device.counts.failed} failed, asked: {', '.join(dict.fromkeys(device.rpcs))}")


async def _reads(cpe: WireCpe, lived: Lived) -> None:
    driver, device = cpe.world.driver, lived.device
    assert lived.who is not None
    if not device.rpcs and await lived.admit():
        device.trigger("2 PERIODIC")
    path = device.cpe.tree.root + "DeviceInfo.SoftwareVersion"
    try:
        handle = await driver.ask(lived.who, "read", paths=[path])
    except DriverFailed as error:
        raise CaseFailed(f"the ACS cannot be asked about this device: {error}") from None
    cpe.note("the driver is asked to read a value")
    asked = cpe.world.reactor.seconds()
    comes = asked + CALL_S
    while True:
        outcome = await driver.outcome(handle)
        now = cpe.world.reactor.seconds()
        if outcome.state != "pending" or now > asked + ASKED_S:
            break
        if now > comes:
            comes = now + CALL_S
            device.trigger("2 PERIODIC")
        await cpe.pause(0.1)
    cpe.note(f"the driver says: {outcome.state} {outcome.detail[:300]}")
    counts = device.counts
    cpe.should(outcome.state != "pending", f"the value was never read; {counts.sessions} sessions, {counts.failed} failed")
    cpe.should(outcome.state != "failed", f"the value could not be read: {outcome.detail[:300]}")


for _name, _about in named().items():
    _quirk(_name, _about)
