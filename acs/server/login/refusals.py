"""Who was refused lately, counted in memory of bounded size until it is written: repetitions cost nothing but a number."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime

from prometheus_client import Counter

from acs import log
from acs.access.views import Reason, Refused

_log = log.get("entrance")
_refused = Counter("hearthline_refused_total", "devices that were turned away or held, by reason", ["reason"])
KINDS_KEPT = 500
"""Different refusals between two flushes; what comes on top is counted by the metric only."""


@dataclass(slots=True)
class Refusals:
    _kept: OrderedDict[tuple[str, str, Reason], Refused] = field(default_factory=OrderedDict)

    def note(self, address: str, claimed: str, reason: Reason, detail: str, now: datetime) -> None:
        _refused.labels(reason.value).inc()
        key = (address, claimed, reason)
        known = self._kept.get(key)
        if known is not None:
            self._kept[key] = replace(known, detail=detail or known.detail, count=known.count + 1, last_at=now)
            return
        _log.info("refused", peer=address, device=claimed, reason=reason.value, detail=detail)
        if len(self._kept) < KINDS_KEPT:
            self._kept[key] = Refused(address, claimed, reason, detail, 1, now, now)

    def drain(self) -> tuple[Refused, ...]:
        found = tuple(self._kept.values())
        self._kept.clear()
        return found

    def put_back(self, refused: tuple[Refused, ...]) -> None:
        """What could not be written, to be written with the next."""
        for each in refused[: KINDS_KEPT - len(self._kept)]:
            key = (each.address, each.claimed, each.reason)
            newer = self._kept.get(key)
            self._kept[key] = each if newer is None else replace(newer, count=newer.count + each.count, first_at=each.first_at)
