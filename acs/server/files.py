"""The files server: firmware and configurations to devices, backups and logs from them, and both ends of a throughput test.

Every path is a signed link bound to one operation and device, valid while that operation is open, HEAD, Range and retries included
(architecture §10, conformance I-16, I-32, C-114). What comes in is bounded, sealed, and entered for its operation only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from prometheus_client import Counter
from sqlalchemy import select
from sqlalchemy.orm import Session
from twisted.internet.interfaces import IPushProducer
from twisted.internet.threads import deferToThread
from twisted.web import resource, server
from zope.interface import implementer

from acs import log
from acs.db.engine import Database
from acs.devices.models import Device
from acs.firmware import service as firmware
from acs.operations.models import Operation
from acs.operations.views import OPEN
from acs.secrets import Vault
from acs.server.throttle import PacedFile, Shares

_log = log.get("files")
_requests = Counter("hearthline_files_total", "requests to the files server", ["verb", "status"])
_bytes_in = Counter("hearthline_files_received_bytes_total", "bytes received from devices")
_SPEED_MOST = 1_000_000_000
_CHUNK = b"\xa5" * 65536


class _Denied(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Shared:
    """What all resources of the server know."""

    database: Database
    vault: Vault
    folder: Path
    now: Callable[[], datetime]
    upload_max: int
    upload_quota: int
    shares: Shares
    """How fast images and configurations may leave; throughput tests are not held back, or they would measure us."""


class BoundedRequest(server.Request):
    """A request whose body is cut off beyond the bound, so that nobody fills our disk."""

    limit = 64 * 1024 * 1024
    _received = 0

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length if length is None or length <= self.limit else 0)
        if length is not None and length > self.limit:
            self._too_large()

    def handleContentChunk(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self.limit:
            self._too_large()
            return
        super().handleContentChunk(data)

    def _too_large(self) -> None:
        _requests.labels("put", "413").inc()
        self.channel.transport.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self.channel.loseConnection()


def _open_operation(session: Session, operation_id: int, device_id: int) -> Operation:
    row = session.scalar(select(Operation).where(Operation.id == operation_id, Operation.device_id == device_id))
    if row is None or row.state not in {state.value for state in OPEN}:
        raise _Denied(410, "the operation of this link is over")
    return row


class Links(resource.Resource):
    """`/f/<verb>/<operation>/<device>/<signature>/<name>`."""

    isLeaf = True

    def __init__(self, shared: Shared) -> None:
        super().__init__()
        self._shared = shared

    def render(self, request: Any) -> Any:
        parts = [part.decode("latin-1") for part in request.postpath]
        found = firmware.opened(self._shared.vault, parts)
        if found is None:
            return _say(request, "none", 404)
        verb, operation_id, device_id = found
        method = request.method
        if (verb, method) not in _ACTIONS:
            return _say(request, verb, 405)
        deferToThread(_ACTIONS[verb, method], self._shared, request, operation_id, device_id).addCallbacks(
            self._finish, self._deny, callbackArgs=(request, verb), errbackArgs=(request, verb)
        ).addErrback(self._deny, request, verb)
        return server.NOT_DONE_YET

    def _finish(self, answer: Any, request: Any, verb: str) -> None:
        if request._disconnected:
            return
        _requests.labels(verb, "200").inc()
        if isinstance(answer, resource.Resource):
            body = answer.render(request)
            if body is server.NOT_DONE_YET:
                return
            request.write(body)
        elif isinstance(answer, int):
            _empty(request, answer)
        request.finish()

    def _deny(self, failure: Any, request: Any, verb: str) -> None:
        status = failure.value.status if failure.check(_Denied) else 500
        if status == 500:
            _log.error("files request failed", trace=failure.getTraceback()[-2000:])
        else:
            _log.info("files request refused", reason=str(failure.value), verb=verb)
        _requests.labels(verb, str(status)).inc()
        if not request._disconnected:
            _empty(request, status)
            request.finish()


def _empty(request: Any, status: int) -> None:
    """Without the length it would leave in chunks, which not every device reads."""
    request.setResponseCode(status)
    request.setHeader(b"content-length", b"0")


def _say(request: Any, verb: str, status: int) -> bytes:
    _requests.labels(verb, str(status)).inc()
    request.setResponseCode(status)
    return b""


# ---- actions, in a thread ----------------------------------------------------------------------------------


def _get(shared: Shared, request: Any, operation_id: int, device_id: int) -> resource.Resource:
    with shared.database.read() as session:
        operation = _open_operation(session, operation_id, device_id)
        _log.info(
            "file fetched",
            operation=operation_id,
            device=device_id,
            key=operation.command_key,
            method=request.method.decode(),
            range=str(request.getHeader("range")),
        )
        if "image" in operation.args:
            image = firmware.get(session, operation.tenant_id, operation.args["image"])  # type: ignore[arg-type]
            return PacedFile(str(firmware.image_path(shared.folder, image)), shared.shares, operation_id)
        if "file" in operation.args:
            file = firmware.get_file(session, operation.tenant_id, operation.args["file"])  # type: ignore[arg-type]
            return _Held(firmware.read_sealed(shared.vault, shared.folder, file.sha256), shared.shares, operation_id)
    raise _Denied(404, f"operation {operation_id} has no file")


def _put(shared: Shared, request: Any, operation_id: int, device_id: int) -> int:
    content = request.content.read()
    if not content:
        raise _Denied(400, "an empty upload")
    with shared.database.read() as session:
        operation = _open_operation(session, operation_id, device_id)
        if operation.kind not in ("backup", "log_upload"):
            raise _Denied(404, f"operation {operation_id} takes no upload")
        if firmware.stored_bytes(session, operation.tenant_id) + len(content) > shared.upload_quota:  # type: ignore[arg-type]
            raise _Denied(507, "the quota for uploads is used up")
        version = session.scalar(select(Device.software_version).where(Device.id == device_id)) or ""
        tenant, kind = operation.tenant_id, "config" if operation.kind == "backup" else "log"
    sha256, size = firmware.write_sealed(shared.vault, shared.folder, content)
    with shared.database.write() as unit:
        firmware.keep_file(unit, tenant, device_id, operation_id, kind, sha256, size, version, shared.now())
        unit.hint("progress", device=device_id, operation=operation_id)
    _bytes_in.inc(size)
    _log.info("file received", operation=operation_id, device=device_id, size=size)
    return 201


def _speed_down(shared: Shared, request: Any, operation_id: int, device_id: int) -> resource.Resource:
    with shared.database.read() as session:
        operation = _open_operation(session, operation_id, device_id)
        return _Payload(min(int(operation.args.get("bytes", 10_000_000)), _SPEED_MOST))


def _speed_up(shared: Shared, request: Any, operation_id: int, device_id: int) -> int:
    with shared.database.read() as session:
        _open_operation(session, operation_id, device_id)
    return 201


_ACTIONS: dict[tuple[str, bytes], Callable[..., Any]] = {
    ("get", b"GET"): _get, ("get", b"HEAD"): _get, ("put", b"PUT"): _put, ("put", b"POST"): _put, ("down", b"GET"): _speed_down,
    ("up", b"PUT"): _speed_up, ("up", b"POST"): _speed_up,
}  # fmt: skip


class _Held(PacedFile):
    """Bytes in memory served as twisted.web serves a file: HEAD and Range included."""

    def __init__(self, content: bytes, shares: Shares, key: int) -> None:
        super().__init__("/dev/null", shares, key)
        self._content = content
        self.type, self.encoding = "application/octet-stream", None

    def restat(self, reraise: bool = True) -> None:
        pass

    def exists(self) -> bool:
        return True

    def isdir(self) -> bool:
        return False

    def getsize(self) -> int:
        return len(self._content)

    def getModificationTime(self) -> float:
        return 0.0

    def openForReading(self) -> Any:
        return BytesIO(self._content)


class _Payload(resource.Resource):
    """So many bytes that say nothing, as fast as they are taken."""

    isLeaf = True

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def render_GET(self, request: Any) -> Any:
        request.setHeader(b"content-type", b"application/octet-stream")
        request.setHeader(b"content-length", b"%d" % self._size)
        pour = _Pour(request, self._size)
        request.registerProducer(pour, True)
        pour.resumeProducing()
        return server.NOT_DONE_YET


@implementer(IPushProducer)
class _Pour:
    def __init__(self, request: Any, left: int) -> None:
        self._request, self._left, self._paused = request, left, True

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        while self._left > 0 and not self._paused:
            part = _CHUNK[: min(len(_CHUNK), self._left)]
            self._left -= len(part)
            self._request.write(part)
        if self._left <= 0:
            self._request.unregisterProducer()
            self._request.finish()

    def stopProducing(self) -> None:
        self._left = 0
        self._paused = True


def site(shared: Shared, health: resource.Resource) -> server.Site:
    """The files server's site, which also answers /health of the process that owns it. No access log by line: actions log what matters."""
    root = resource.Resource()
    root.putChild(b"f", Links(shared))
    root.putChild(b"health", health)
    made = server.Site(root, timeout=120, parsePOSTFormSubmission=False)
    made.requestFactory = type("FilesRequest", (BoundedRequest,), {"limit": shared.upload_max})
    made.log = lambda _request: None
    made.displayTracebacks = False
    return made
