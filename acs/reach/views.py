"""What others see of how a device is reached."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Method(StrEnum):
    HTTP = "http"
    UDP = "udp"
    XMPP = "xmpp"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to wake a device, and where it leads."""

    method: Method
    address: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `result` is "ok" or "sent" where the device may still come, else why it will not; `came_at`: when it did."""

    id: int
    at: datetime
    method: Method
    result: str
    detail: str
    latency_ms: int | None
    came_at: datetime | None

    @property
    def may_come(self) -> bool:
        return self.result in ("ok", "sent")


class Code(StrEnum):
    """What the tries and the addresses say together. The first three leave nothing to do."""

    WORKS = "works"
    CALLED = "called"
    UNTRIED = "untried"
    BUSY = "busy"
    NOT_ADMITTED = "not_admitted"
    LOGIN_REFUSED = "login_refused"
    STAYS_AWAY = "stays_away"
    PRIVATE = "private"
    NO_WAY = "no_way"
    FORBIDDEN = "forbidden"
    UNKNOWN_PATH = "unknown_path"
    NOT_CONNECTED = "not_connected"
    OUR_LINK_DOWN = "our_link_down"
    CLOSED = "closed"
    NO_ANSWER = "no_answer"


WAKES = frozenset({Code.WORKS, Code.CALLED, Code.UNTRIED, Code.BUSY})
"""With these a call is likely to bring the device."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`away` of `tries` answered and did not come. `next_at`: when it speaks by itself."""

    code: Code
    method: Method | None = None
    address: str = ""
    detail: str = ""
    at: datetime | None = None
    away: int = 0
    tries: int = 0
    next_at: datetime | None = None
    rewriting: bool = False

    @property
    def wakes(self) -> bool:
        return self.code in WAKES


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a device's ways without trying. `url_address` is the host of its call address, `source` where it speaks from."""

    url: str = ""
    source: str = ""
    stun_on: bool = False
    nat_detected: bool = False
    udp_address: str = ""
    udp_at: datetime | None = None
    jabber_id: str = ""
    xmpp_known: bool = False
    """The device says that it can be called by XMPP."""
    admitted: bool = True
    last_inform_at: datetime | None = None
    interval_s: int = 0
    rewriting: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """Somebody looks: the device is told to speak often until then. `applied` once it has heard it."""

    until: datetime
    since: datetime
    by: str
    applied: bool
    ending: bool


@dataclass(frozen=True, slots=True)
class ReachView:
    """All the box on the device page shows."""

    diagnosis: Diagnosis
    ways: tuple[Way, ...]
    attempts: tuple[Attempt, ...]
    facts: Facts
    watch: Watch | None
    can_stun: bool
    can_xmpp: bool
    login_known: bool

    def way(self, method: Method) -> Way | None:
        return next((one for one in self.ways if one.method is method), None)

    def last(self, method: Method) -> Attempt | None:
        return next((one for one in self.attempts if one.method is method), None)
