"""One UDP connection request: a signed datagram, several times, from the STUN server's socket to a checked address (conformance F-37 to F-42).

Nothing ever comes back on UDP: whether it reached the device, its Inform tells. Quirk K-72 wants three copies.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from twisted.internet.task import deferLater

from acs.cwmp.udp_request import make, split_address
from acs.server.connection_request import WakeResult, may_call, resolved
from acs.server.stun import StunServer
from acs.settings import Network

COPIES_AFTER_S = (0.0, 0.1, 0.3)


async def call(
    reactor: Any, server: StunServer | None, address: str, login: tuple[str, str], ts: int, allowed: Sequence[Network], own: frozenset[str],
    by_name: bool = False,
) -> tuple[WakeResult, str]:  # fmt: skip
    """Send it: SENT, or why not. `ts` is larger than any sent to this device before; `by_name` as in acs.cwmp.udp_request.make."""
    if server is None or server.transport is None:
        return WakeResult.LINK_DOWN, "our STUN port is not open"
    target = split_address(address)
    if target is None:
        return WakeResult.NO_URL, f"{address[:64]!r} is not an address"
    try:
        host = await resolved(target[0])
    except OSError:
        return WakeResult.UNREACHABLE, f"the name {target[0]} is not known"
    if not may_call(host, allowed, own):
        return WakeResult.FORBIDDEN_ADDRESS, f"{host} may not be called"
    if target[1] < 1024 and target[1] != 80:
        return WakeResult.FORBIDDEN_ADDRESS, f"port {target[1]} is no device's"
    datagram = make(target[0], target[1], ts, ts, login[0], login[1], secrets.token_hex(8), by_name)
    waited = 0.0
    for after in COPIES_AFTER_S:
        await deferLater(reactor, after - waited, lambda: None)
        waited = after
        server.send(datagram, (host, target[1]))
    age = server.age_of((host, target[1]))
    return WakeResult.SENT, f"to {host}:{target[1]}" + (f", heard of {age:.0f} s ago" if age is not None else ", never heard of here")
