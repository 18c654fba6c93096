"""Who may inform: Basic and Digest of CPEs against the secrets they may have (architecture §10, conformance A.7).

With `device`, a device's own secret counts, and while it changes the old and the new one; the onboarding secret only enrols. With `shared`
one secret is everybody's. With `none` nothing is asked. Failures never tell whether the device exists, and are slowed per address and per
account; an account's own address is never slowed by what others guess (A-107). Basic counts over TLS, or where a setting says so (A-91).
What a client certificate proves is in acs/server/login/certificates.py.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter
from sqlalchemy import select

from acs.access.views import Reason
from acs.cwmp import digest
from acs.cwmp.digest import Basic, Nonces, NonceState
from acs.db.engine import Database
from acs.devices.models import Device, DeviceCredential
from acs.secrets import Vault
from acs.server.login.buckets import Buckets

REALM = "hearthline"
GUESSES_A_MINUTE = 30
_UNANSWERED = 6
"""So many challenges of one address without a login, and it is told of: it has none, or does not know that it should."""
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
    """A login is wanted: values of WWW-Authenticate. `why` where more was wrong than that none was sent."""

    headers: tuple[str, ...]
    why: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Slowed:
    """Too many logins failed: come again after so many seconds."""

    wait_s: float
    detail: str


Lookup = Callable[[str], Awaitable[Account | None]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say of logins. `algorithms` in the order they are offered; `paths` under which a proxy shows us (A-98)."""

    basic_in_clear: bool = False
    algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    paths: tuple[str, ...] = ()


@dataclass
class CpeAuthenticator:
    """Checks Authorization headers. `lookup` finds an account by username, in a thread; what it found is kept for a moment."""

    mode: str
    onboarding: str
    nonces: Nonces
    lookup: Lookup
    rules: Rules = Rules()
    _known: OrderedDict[str, tuple[float, Account | None]] = field(default_factory=OrderedDict)
    _guesses: Buckets = field(default_factory=lambda: Buckets(GUESSES_A_MINUTE, GUESSES_A_MINUTE, 10_000))
    _guessed: Buckets = field(default_factory=lambda: Buckets(GUESSES_A_MINUTE, GUESSES_A_MINUTE, 10_000))
    _homes: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _unanswered: OrderedDict[str, int] = field(default_factory=OrderedDict)

    async def check(
        self, authorization: str, method: str, peer: str, now_s: float, target: str = "/", is_secret: bool = False
    ) -> Login | Challenge | Slowed:
        """A login, or what to answer instead. `is_secret`: nobody between can read the request (TLS)."""
        if self.mode == "none":
            return Login("none")
        credentials = digest.parse_authorization(authorization) if authorization else None
        if credentials is None:
            return self._asked_first(peer, now_s, is_secret)
        self._unanswered.pop(peer, None)
        if (slowed := self._slowed(peer, credentials.username, now_s)) is not None:
            _results.labels("slowed").inc()
            return slowed
        if (wrong := self._form(credentials, peer, now_s, target, is_secret)) is not None:
            return wrong
        login = await self._match(credentials, method, now_s)
        if login is None:
            self._note_guess(peer, credentials.username, now_s)
            _results.labels("refused").inc()
            return self._challenge(now_s, is_secret, why=Reason.LOGIN, detail=f"as {credentials.username[:120]!r}")
        _results.labels(login.kind).inc()
        if login.key:
            _remember(self._homes, credentials.username, peer)
        return login

    def _asked_first(self, peer: str, now_s: float, is_secret: bool) -> Challenge:
        _results.labels("challenged").inc()
        count = self._unanswered.get(peer, 0) + 1
        _remember(self._unanswered, peer, 0 if count >= _UNANSWERED else count)
        why = Reason.NO_LOGIN if count >= _UNANSWERED else None
        return self._challenge(now_s, is_secret, why=why, detail=f"{_UNANSWERED} times asked for a login, none came" if why else "")

    def _form(self, credentials: digest.Credentials, peer: str, now_s: float, target: str, is_secret: bool) -> Challenge | None:
        """What is wrong with the credentials before any secret is looked at."""
        if isinstance(credentials, Basic):
            if is_secret or self.rules.basic_in_clear:
                return None
            _results.labels("basic_in_clear").inc()
            return self._challenge(now_s, is_secret, why=Reason.BASIC_PLAIN, detail=f"as {credentials.username[:120]!r}")
        if digest.algorithm_of(credentials) not in self.rules.algorithms:
            _results.labels("algorithm").inc()
            return self._challenge(
                now_s, is_secret, why=Reason.LOGIN, detail=f"Digest with {credentials.algorithm[:20]}, which is not offered"
            )
        if not digest.is_for(credentials.uri, target, self.rules.paths):
            _results.labels("uri").inc()
            return self._challenge(
                now_s, is_secret, why=Reason.DIGEST_URI, detail=f"Digest for {credentials.uri[:100]!r}, sent to {target[:100]!r}"
            )
        match self.nonces.check(credentials, now_s, peer):
            case NonceState.STALE | NonceState.REPLAYED:
                _results.labels("stale").inc()
                return self._challenge(now_s, is_secret, stale=True)
            case NonceState.FORGED:
                _results.labels("forged").inc()
                return self._challenge(now_s, is_secret)
        return None

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
        _remember(self._known, username, (now_s, account))
        return account

    def _challenge(self, now_s: float, is_secret: bool, stale: bool = False, why: Reason | None = None, detail: str = "") -> Challenge:
        basic = is_secret or self.rules.basic_in_clear
        return Challenge(digest.challenge(REALM, self.nonces.make(now_s), stale, basic, self.rules.algorithms), why, detail)

    def _slowed(self, peer: str, username: str, now_s: float) -> Slowed | None:
        if wait := self._guesses.wait_s(peer, now_s):
            return Slowed(wait, f"over {GUESSES_A_MINUTE} failed logins a minute from this address")
        if self._homes.get(username) != peer and (wait := self._guessed.wait_s(username, now_s)):
            return Slowed(wait, f"over {GUESSES_A_MINUTE} failed logins a minute as {username[:120]!r}")
        return None

    def _note_guess(self, peer: str, username: str, now_s: float) -> None:
        self._guesses.take(peer, now_s)
        self._guessed.take(username, now_s)


def _remember(memory: "OrderedDict[str, Any]", key: str, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > 20_000:
        memory.popitem(last=False)


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
