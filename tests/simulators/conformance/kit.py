"""What the tests of the suite share: a stand-in ACS with its driver, and a run of cases against it."""

from collections.abc import Sequence
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred

from simulators.conformance.case import Case, Result
from simulators.conformance.cpe import World
from simulators.conformance.runner import Runner
from tests.simulators.conformance.broken_acs import PASSWORD, StandIn, Teller

reactor: Any = installed


async def against(cases: Sequence[Case], *defects: str, hold: bool = False) -> list[Result]:
    """Run cases one after the other against a stand-in with these defects."""
    acs = StandIn(reactor, frozenset(defects), hold)
    acs.listen()
    try:
        return await Runner(world_of(acs), 1, case_s=20.0).run(cases)
    finally:
        await acs.port.stopListening()
        await settle()


def world_of(acs: StandIn) -> World:
    return World(reactor, acs.url, Teller(acs), ("", PASSWORD), timeout_s=5.0, prefix="T")


async def settle(seconds: float = 0.02) -> None:
    """Let connections close."""
    pause: Deferred[None] = Deferred()
    reactor.callLater(seconds, pause.callback, None)
    await pause
