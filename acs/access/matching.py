"""Which rule fits whom: networks, patterns, and the order of rules. Pure; used by workers at every Inform and by previews of pages.

Patterns know `*` and `?`, letter by letter as devices write them.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from acs.access.views import BlockView
from acs.cwmp.identity import Identity
from acs.devices.rules import fits_text, in_network

_ADDRESSES_KEPT = 20_000


def fits_device(rule: BlockView, identity: Identity, firmware: str) -> bool:
    """Whether all that the rule says of the device holds; its network is not looked at."""
    return (
        rule.oui in ("", identity.oui)
        and rule.product_class in ("", identity.product_class)
        and fits_text(rule.serial_pattern, identity.serial_number)
        and fits_text(rule.firmware, firmware)
    )


@dataclass(slots=True)
class Blocks:
    """The block rules in force, asked for each Inform: networks are looked at once per address, and only rules of that address further."""

    rules: tuple[BlockView, ...] = ()
    _of_address: OrderedDict[str, tuple[BlockView, ...]] = field(default_factory=OrderedDict)

    @property
    def need_firmware(self) -> bool:
        return any(rule.firmware for rule in self.rules)

    def first(self, address: str, now: datetime, identity: Identity | None = None, firmware: str = "") -> BlockView | None:
        """The rule that was made first of those that fit; without an identity only rules that name no device can."""
        if not self.rules:
            return None
        for rule in self._at(address):
            if rule.expires_at is not None and rule.expires_at <= now:
                continue
            if not rule.needs_identity if identity is None else fits_device(rule, identity, firmware):
                return rule
        return None

    def _at(self, address: str) -> Iterable[BlockView]:
        known = self._of_address.get(address)
        if known is None:
            known = tuple(rule for rule in self.rules if in_network(address, rule.network))
            self._of_address[address] = known
            if len(self._of_address) > _ADDRESSES_KEPT:
                self._of_address.popitem(last=False)
        return known
