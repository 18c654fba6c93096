"""What a diagnosis works with: its inputs and results in the tree, time, and a made-up network to measure."""

from __future__ import annotations

import ipaddress
import zlib
from typing import Any

from twisted.internet.defer import Deferred

from simulators.chance import AnyChance
from simulators.cpe import Cpe

NOWHERE = ipaddress.ip_network("240.0.0.0/4")
"""Addresses that nobody answers from: a ping there is lost."""
HOPS = ("gateway.access.example", "agg1.metro.example", "core2.backbone.example", "ix.exchange.example", "edge4.transit.example")


class Unresolved(Exception):
    """The name has no address."""


class Probe:
    """One running diagnosis: `place` is its object, with the trailing dot."""

    def __init__(self, reactor: Any, cpe: Cpe, place: str, rng: AnyChance) -> None:
        self.reactor, self.cpe, self.place, self.rng = reactor, cpe, place, rng

    def text(self, leaf: str) -> str:
        return self.cpe.tree.value(self.place + leaf) if self.cpe.tree.leaf(self.place + leaf) is not None else ""

    def number(self, leaf: str, otherwise: int) -> int:
        text = self.text(leaf)
        return max(1, int(text)) if text.isdigit() else otherwise

    def put(self, leaf: str, value: object) -> None:
        """A result; one the device's model does not have is left out."""
        if self.cpe.tree.leaf(self.place + leaf) is not None:
            self.cpe.tree.put(self.place + leaf, str(value))

    def add_row(self, table: str) -> int:
        return self.cpe.tree.add_row(self.place + table)

    def clear_results(self) -> None:
        """The rows of the last run go; they are results, not configuration, so numbering begins again."""
        for table in ("RouteHops.", "Result.", "PerConnectionResult.", "IncrementalResult."):
            if self.cpe.tree.is_object(self.place + table):
                self.cpe.tree.empty_table(self.place + table)

    def sleep(self, seconds: float) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        timer = self.reactor.callLater(seconds, waiting.callback, None)
        waiting.addErrback(lambda failure: (timer.cancel() if timer.active() else None, failure)[1])
        return waiting

    def resolve(self, host: str, needs_dns: bool = True) -> str:
        """The address of a host. Unresolved for an empty name, one in `.invalid`, and any name while the device has no DNS."""
        try:
            return str(ipaddress.ip_address(host))
        except ValueError:
            pass
        if not host or " " in host or host.rstrip(".").lower().endswith("invalid") or (needs_dns and "no-dns" in self.cpe.facts.flags):
            raise Unresolved(host)
        if host == "localhost":
            return "127.0.0.1"
        return f"198.51.100.{zlib.crc32(host.lower().encode()) % 250 + 1}"

    def rtt_ms(self, address: str) -> float | None:
        """A round trip, in ms; None when the answer is lost."""
        where = ipaddress.ip_address(address)
        if where.version == 4 and where in NOWHERE:
            return None
        loss = 0.33 if "packet-loss" in self.cpe.facts.flags else 0.25 if self.cpe.facts.optical_rx_dbm < -27 else 0.0
        if self.rng.random() < loss:
            return None
        middle = 2.0 if where.is_private and not str(where).startswith("198.51.") else 6 + zlib.crc32(address.encode()) % 22
        return max(0.4, self.rng.gauss(middle, middle / 12))

    def route(self, address: str) -> list[tuple[str, str, float]]:
        """Hops to an address as (name, address, ms), the last being the address itself."""
        seed = zlib.crc32(address.encode())
        hops = [(self.cpe.facts.wan_gateway, self.cpe.facts.wan_gateway, 2.0)]
        count = 2 + seed % 4
        for place, name in enumerate(HOPS[:count]):
            hops.append((name, f"203.0.113.{(seed >> place) % 250 + 1}", 3.0 + 2.5 * place))
        return [*hops, (address, address, 6 + seed % 22)]
