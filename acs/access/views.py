"""What others see of who may connect: frozen, for pages, the REST interface and the workers' memory."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BlockAction(StrEnum):
    """What a block rule does: answer 403, answer 503 (come again later), hang up without a word, or answer and ask nothing."""

    REFUSE = "refuse"
    LATER = "later"
    CLOSE = "close"
    QUARANTINE = "quarantine"


class CertificateKind(StrEnum):
    DEVICE = "device"
    MODEL = "model"
    REVOKED = "revoked"


class Reason(StrEnum):
    """Why somebody was refused. The first words of what an engineer reads on the screen."""

    BLOCKED = "blocked"
    HELD = "held"
    RATE_DEVICE = "rate_device"
    RATE_ADDRESS = "rate_address"
    SLOWED = "slowed"
    NO_LOGIN = "no_login"
    LOGIN = "login"
    BASIC_PLAIN = "basic_plain"
    DIGEST_URI = "digest_uri"
    IDENTITY = "identity"
    CERTIFICATE = "certificate"
    NO_CERTIFICATE = "no_certificate"
    TLS = "tls"
    OVERLOAD = "overload"


@dataclass(frozen=True, slots=True)
class BlockView:
    id: int
    network: str
    oui: str
    product_class: str
    serial_pattern: str
    firmware: str
    action: BlockAction
    reason: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    hits: int
    last_hit_at: datetime | None

    @property
    def needs_identity(self) -> bool:
        return bool(self.oui or self.product_class or self.serial_pattern or self.firmware)


@dataclass(frozen=True, slots=True)
class CertificateView:
    id: int
    kind: CertificateKind
    fingerprint: str
    subject: str
    device_key: str
    oui: str
    product_class: str
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class RefusalView:
    id: int
    address: str
    claimed: str
    reason: str
    detail: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Refusals of one kind since the last flush, counted in a worker's memory."""

    address: str
    claimed: str
    reason: Reason
    detail: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Access:
    """All that a worker holds in memory of one tenant."""

    blocks: tuple[BlockView, ...] = ()
    certificates: tuple[CertificateView, ...] = ()


@dataclass(frozen=True, slots=True)
class Fitting:
    """What a block rule would hit today: how many devices, and the first of them by id and serial number."""

    count: int
    examples: tuple[tuple[int, str], ...]
