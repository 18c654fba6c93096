"""The web process: Flask pages in threads, and beside them, served by the reactor itself, live events, health and metrics.

Built from values, so that a test can build it too; care/cli.py decides about sockets and processes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from twisted.web.wsgi import WSGIResource

from acs.errors import WrongEnvironment
from care import topics
from care.app import BODY_MAX, COOKIE
from care.events import EventsResource, HintSource
from care.metrics import Metrics
from care.services import Services

PAGE_THREADS = 20
LARGE_BODY_PATHS = (b"/firmware", b"/api/v1/firmware")
"""Where an image may be uploaded. Everywhere else BODY_MAX holds, before a byte of it is kept."""


@dataclass(frozen=True, slots=True)
class Admitted:
    user_id: int
    topics: tuple[str, ...]


def session_reader(app: Flask) -> Callable[[bytes], str | None]:
    """Verifies Flask's signed cookie and gives the session id in it; a few microseconds, no I/O."""
    signer = SecureCookieSessionInterface().get_signing_serializer(app)
    if signer is None:
        raise RuntimeError("the application has no secret key")
    lifetime = int(app.permanent_session_lifetime.total_seconds())

    def read(header: bytes) -> str | None:
        try:
            cookie = SimpleCookie(header.decode("latin-1")).get(COOKIE)
            found = signer.loads(cookie.value, max_age=lifetime).get("_user_id") if cookie else None
        except (BadSignature, CookieError):
            return None
        return found if isinstance(found, str) else None

    return read


def admitter(reactor: Any, pool: ThreadPool, services: Services) -> Callable[[str, tuple[str, ...]], "Deferred[Any]"]:
    """Looks up session and topics in a thread."""

    def look(session_id: str, wanted: tuple[str, ...]) -> Admitted | None:
        identity = services.security.by_session(session_id)
        return Admitted(identity.user.id, topics.allowed(services, identity.user, wanted)) if identity else None

    return lambda session_id, wanted: deferToThreadPool(reactor, pool, look, session_id, wanted)


class Root(Resource):
    """Sends each path where it is served."""

    def __init__(self, wsgi: WSGIResource, native: dict[bytes, Resource]) -> None:
        super().__init__()
        self._wsgi = wsgi
        self._native = native

    def getChild(self, path: bytes, request: Any) -> Any:
        native = self._native.get(b"/" + b"/".join([path, *request.postpath]))
        if native is not None:
            return native
        request.prepath.pop()
        request.postpath.insert(0, path)
        return self._wsgi


class Text(Resource):
    """A small text made at once."""

    isLeaf = True

    def __init__(self, make: Callable[[], bytes]) -> None:
        super().__init__()
        self._make = make

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-store")
        return self._make()


class Ready(Resource):
    """200 while the database answers, else 503 with the reason."""

    isLeaf = True

    def __init__(self, reactor: Any, pool: ThreadPool, services: Services) -> None:
        super().__init__()
        self._look = lambda: deferToThreadPool(reactor, pool, services.db.check)

    def render_GET(self, request: Request) -> int:
        gone: list[Any] = []
        request.notifyFinish().addBoth(gone.append)

        def answer(status: int, text: bytes) -> None:
            if not gone:
                request.setResponseCode(status)
                request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
                request.setHeader(b"Cache-Control", b"no-store")
                request.write(text)
                request.finish()

        def failed(failure: Any) -> None:
            text = str(failure.value) if failure.check(WrongEnvironment) else f"{failure.type.__name__}: the database does not answer"
            answer(503, text.encode() + b"\n")

        self._look().addCallbacks(lambda _none: answer(200, b"ready\n"), failed)
        return NOT_DONE_YET


class BoundedRequest(Request):
    """Refuses a body over the limit of its path when its length is told, or when it grows past it."""

    large_max = 0

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self._room = self._limit()
        if length is not None and length > self._room:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self._room -= len(data)
        if self._room < 0:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def _limit(self) -> int:
        # called before `path` is parsed: the request line is all there is
        target = getattr(self.channel, "_path", b"") or b""
        return self.large_max if target.startswith(LARGE_BODY_PATHS) else BODY_MAX + 64 * 1024

    def _refuse(self) -> None:
        channel: Any = self.channel
        if channel.transport is not None:
            channel.transport.write(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            channel.loseConnection()


class QuietSite(Site):
    """Parses no forms (Flask does, in its thread) and writes no access log: the metrics count."""

    def __init__(self, root: Resource, large_max: int) -> None:
        request = type("WebRequest", (BoundedRequest,), {"large_max": large_max})
        super().__init__(root, requestFactory=request, parsePOSTFormSubmission=False, timeout=60)
        self.displayTracebacks = False

    def log(self, request: Any) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Web:
    """The site, and what has to be ended with it."""

    site: QuietSite
    events: EventsResource
    pool: ThreadPool

    def stop(self) -> None:
        self.events.stop()
        self.pool.stop()


def build_web(reactor: Any, app: Flask, services: Services, counters: Metrics, hints: HintSource) -> Web:
    """Everything a web process serves. The caller listens, and calls `stop` at the end."""
    settings = services.settings
    pool = ThreadPool(minthreads=2, maxthreads=PAGE_THREADS, name="pages")
    pool.start()
    events = EventsResource(reactor, hints, session_reader(app), admitter(reactor, pool, services), counters.streams.set)
    native: dict[bytes, Resource] = {
        b"/events": events,
        b"/health/live": Text(lambda: b"live\n"),
        b"/health/ready": Ready(reactor, pool, services),
        b"/metrics": Text(counters.text),
    }
    site = QuietSite(Root(WSGIResource(reactor, pool, app), native), settings.firmware_max + 1024 * 1024)
    return Web(site, events, pool)
