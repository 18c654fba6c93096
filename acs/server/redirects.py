"""Which devices are sent on to another ACS, held by each worker: asked at every Inform, so without a statement (conformance A-30, A-33).

Read anew when a hint says that a rule changed, and once a minute, for devices whose tags did.
"""

from collections.abc import Mapping

from prometheus_client import Counter

from acs import log
from acs.db.engine import Database
from acs.redirects import service as redirects

_log = log.get("redirects")
_sent_on = Counter("hearthline_redirects_total", "Informs answered with a redirect to another ACS")


def load(database: Database) -> dict[str, str]:
    with database.read() as session:
        return redirects.destinations(session)


class Redirects:
    """Destinations by device key. Replaced as a whole in the reactor's thread."""

    def __init__(self) -> None:
        self._by_key: Mapping[str, str] = {}

    def replace(self, destinations: Mapping[str, str]) -> None:
        self._by_key = destinations

    def target(self, key: str) -> str | None:
        """Where this device is sent on to; None for one that stays."""
        url = self._by_key.get(key)
        if url is not None:
            _sent_on.inc()
            _log.info("sent on", device=key, url=url)
        return url
