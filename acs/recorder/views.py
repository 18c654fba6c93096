"""What goes into the recorder and comes out of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP message of a session. `ms` since the session began; `status` of the answer, 0 for what the device sent.

    `headers` are those of the session's first request that tell what kind of client it is; never a login or a cookie.
    """

    from_cpe: bool
    ms: int
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordIn:
    """A session that is over. `outcome` is "ok", "failed" or "lost"; `rpcs` are the methods either side called, but Inform."""

    tenant: int
    device_id: int
    epoch: int
    started_at: datetime
    duration_ms: int
    outcome: str
    events: str
    summary: str
    messages: tuple[Message, ...]
    faults: tuple[int, ...] = ()
    rpcs: tuple[str, ...] = ()
    packed: bytes = b""
    """The messages as they are stored, where that was made already."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    id: int
    device_id: int
    started_at: datetime
    duration_ms: int
    outcome: str
    events: str
    summary: str
    messages: int
    size: int
    faults: tuple[int, ...] = ()
    rpcs: tuple[str, ...] = ()
    device: str = ""
    """The key of its device as it is known now, empty if the device was removed."""


@dataclass(frozen=True, slots=True)
class RecordView:
    row: RecordRow
    messages: tuple[Message, ...]


Key = tuple[datetime, int]
"""Where a page of sessions ends: when the last one began, and its id."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What sessions are looked for: every condition given must hold. `text` is a part of the reason why a session did not end well.

    Without a device (`device_id` or `serial`) plain contacts, in which a device only said that it is there, are left out.
    """

    device_id: int | None = None
    serial: str = ""
    oui: str = ""
    model: str = ""
    outcome: str = ""
    fault: int | None = None
    rpc: str = ""
    event: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
