"""Who may inform: Basic and Digest of CPEs against the secrets they may have (architecture §10, conformance A.7).

With `device`, a device's own secret counts, and while it changes the old and the new one; the onboarding secret only enrols. With `shared`
one secret is everybody's. With `none` nothing is asked. Failures never tell whether the device exists, and are slowed per address.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from prometheus_client import Counter
from sqlalchemy import select

from acs.cwmp import digest
from acs.cwmp.digest import Digest, Nonces, NonceState
from acs.db.engine import Database
from acs.devices.models import Device, DeviceCredential
from acs.secrets import Vault

REALM = "hearthline"
_results = Counter("hearthline_cpe_login_total", "logins of devices", ["result"])


@dataclass(frozen=True, slots=True)
class Account:
    """What is known under a username: the device's key and its secrets, opened."""

    key: str
    secret: str
    next_secret: str


@dataclass(frozen=True, slots=True)
class Login:
    """A login that held. `kind` as in InformIn; `key` names the device it belongs to, "" for a secret that many share."""

    kind: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A login is wanted: values of WWW-Authenticate."""

    headers: tuple[str, ...]


Lookup = Callable[[str], Awaitable[Account | None]]


@dataclass
class CpeAuthenticator:
    """Checks Authorization headers. `lookup` finds an account by username, in a thread; what it found is kept for a moment."""

    mode: str
    onboarding: str
    nonces: Nonces
    lookup: Lookup
    _known: OrderedDict[str, tuple[float, Account | None]] = field(default_factory=OrderedDict)
    _failures: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)

    async def check(self, authorization: str, method: str, peer: str, now_s: float) -> Login | Challenge:
        """A login, or the challenge to answer 401 with."""
        if self.mode == "none":
            return Login("none")
        credentials = digest.parse_authorization(authorization) if authorization else None
        if credentials is None:
            _results.labels("challenged").inc()
            return self._challenge(now_s)
        if self._is_slowed(peer, now_s):
            _results.labels("slowed").inc()
            return self._challenge(now_s)
        if isinstance(credentials, Digest):
            match self.nonces.check(credentials, now_s):
                case NonceState.STALE | NonceState.REPLAYED:
                    _results.labels("stale").inc()
                    return self._challenge(now_s, stale=True)
                case NonceState.FORGED:
                    _results.labels("forged").inc()
                    return self._challenge(now_s)
        login = await self._match(credentials, method, now_s)
        if login is None:
            self._note_failure(peer, now_s)
            _results.labels("refused").inc()
            return self._challenge(now_s)
        _results.labels(login.kind).inc()
        return login

    async def _match(self, credentials: digest.Credentials, method: str, now_s: float) -> Login | None:
        if self.mode == "shared":
            return Login("shared") if digest.matching_secret(credentials, method, self._shared()) else None
        for fresh in (False, True):
            account = await self._account(credentials.username, now_s, fresh)
            if account is not None:
                secrets = [s for s in (account.secret, account.next_secret) if s]
                found = digest.matching_secret(credentials, method, secrets)
                if found is not None:
                    return Login("own" if found == account.secret else "next", account.key)
            if digest.matching_secret(credentials, method, self._shared()):
                return Login("onboarding", account.key if account else "")
        return None

    def _shared(self) -> tuple[str, ...]:
        return (self.onboarding,) if self.onboarding else ()

    async def _account(self, username: str, now_s: float, fresh: bool) -> Account | None:
        """From memory for ten seconds, unless that did not fit, or a secret is about to change: the old one is void once the new one was used."""
        known = self._known.get(username)
        if known is not None and not fresh and now_s - known[0] < 10 and not (known[1] and known[1].next_secret):
            return known[1]
        account = await self.lookup(username)
        self._known[username] = (now_s, account)
        self._known.move_to_end(username)
        if len(self._known) > 20_000:
            self._known.popitem(last=False)
        return account

    def _challenge(self, now_s: float, stale: bool = False) -> Challenge:
        return Challenge(digest.challenge(REALM, self.nonces.make(now_s), stale))

    def _is_slowed(self, peer: str, now_s: float) -> bool:
        since, count = self._failures.get(peer, (now_s, 0))
        return count >= 30 and now_s - since < 60

    def _note_failure(self, peer: str, now_s: float) -> None:
        since, count = self._failures.get(peer, (now_s, 0))
        self._failures[peer] = (since, count + 1) if now_s - since < 60 else (now_s, 1)
        self._failures.move_to_end(peer)
        if len(self._failures) > 10_000:
            self._failures.popitem(last=False)


def account_of(database: Database, vault: Vault, username: str) -> Account | None:
    """The account under a username; in a thread."""
    with database.read() as session:
        row = session.execute(
            select(Device.key, DeviceCredential.secret, DeviceCredential.next_secret)
            .join(Device, Device.id == DeviceCredential.device_id)
            .where(DeviceCredential.username == username[:255])
        ).first()
    if row is None:
        return None
    return Account(row.key, vault.open(row.secret) if row.secret else "", vault.open(row.next_secret) if row.next_secret else "")
