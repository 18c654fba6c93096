"""Live events for the pages: `/events?topics=device:7,operation:12`, as server-sent events, served by Twisted itself.

A stream is a list of topics (care/topics.py) and a socket; a WSGI stream would pin a thread per tab. What is sent is only that
something changed: event "operation-12" with the hint as JSON; the page then reads the fragment like any other (htmx:
`hx-get="…" hx-trigger="sse:operation-12"`), so permissions and words stay in one place, and a lost event costs nothing that a
reload does not bring.

The Flask session cookie is verified here without Flask's request; whose it is and what they may watch is read in a thread. At most
EVENT_RATE events per topic and second leave; what comes faster is folded into the last one. A browser that does not read is told
nothing until it does. Tests: tests/care/test_events.py.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from twisted.web.http import Request as HttpRequest
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request
from zope.interface import implementer

from acs import log
from care.topics import MAX_TOPICS, event_name, touched

EVENT_RATE = 4.0
HEARTBEAT_S = 15.0
STREAMS_PER_USER = 20
ADMITTED_FOR_S = 300.0
"""After which it is looked up again whose session it is: who signed out or was shut out hears nothing more."""
RETRY_MS = 3000

Hint = dict[str, Any]
_log = log.get("events")


class HintSource(Protocol):
    """What acs.hints.listen.HintListener is to us: hints of all processes, in the reactor thread."""

    def subscribe(self, callback: Callable[[list[Hint]], None]) -> Callable[[], None]: ...


class Watching(Protocol):
    """Whose stream it is and what they may watch of what they asked for."""

    @property
    def user_id(self) -> int: ...
    @property
    def topics(self) -> tuple[str, ...]: ...


Admit = Callable[[str, tuple[str, ...]], "Deferred[Watching | None]"]
"""From session id and wanted topics to what may be watched; None for a session that is over."""


class EventsResource(Resource):
    """All open streams of this process, by topic."""

    isLeaf = True

    def __init__(
        self,
        reactor: Any,
        hints: HintSource,
        session_of: Callable[[bytes], str | None],
        admit: Admit,
        on_count: Callable[[int], None] = lambda streams: None,
    ) -> None:
        """`session_of` verifies a cookie header and must not block; `admit` may take its time elsewhere."""
        super().__init__()
        self._reactor = reactor
        self._session_of = session_of
        self._admit = admit
        self._on_count = on_count
        self._by_topic: dict[str, set[Stream]] = {}
        self._per_user: Counter[int] = Counter()
        self._unsubscribe = hints.subscribe(self._hinted)

    def render_GET(self, request: Request) -> int | bytes:
        session_id = self._session_of((request.getHeader(b"cookie") and request.requestHeaders.getRawHeaders(b"cookie", [b""])[0]) or b"")
        if session_id is None:
            return _refuse(request, 401, b"Sign in first.")
        asked = b",".join(request.args.get(b"topics", [])).decode("ascii", "replace")
        wanted = tuple(topic.strip() for topic in asked.split(",") if topic.strip())[:MAX_TOPICS]
        gone: list[Any] = []
        request.notifyFinish().addBoth(gone.append)
        admitted = self._admit(session_id, wanted)
        admitted.addCallback(self._begin, request, gone, session_id)
        admitted.addErrback(self._could_not_begin, request, gone)
        return NOT_DONE_YET

    def _begin(self, watching: Watching | None, request: Request, gone: list[Any], session_id: str) -> None:
        if gone:
            return
        if watching is None:
            _refuse(request, 401, b"Sign in first.", finish=True)
        elif not watching.topics:
            _refuse(request, 204, b"", finish=True)  # an EventSource that gets 204 does not come back
        elif self._per_user[watching.user_id] >= STREAMS_PER_USER:
            request.setHeader(b"Retry-After", b"60")
            _refuse(request, 429, b"Too many open tabs.", finish=True)
        else:
            self._open(Stream(request, watching.topics, self._reactor), watching, session_id)

    def _open(self, stream: "Stream", watching: Watching, session_id: str) -> None:
        self._per_user[watching.user_id] += 1
        for topic in stream.topics:
            self._by_topic.setdefault(topic, set()).add(stream)
        stream.closed.addCallback(self._forget, stream, watching.user_id)
        stream.begin(lambda: self._look_again(stream, session_id))
        self._on_count(self.count)

    def _look_again(self, stream: "Stream", session_id: str) -> None:
        def decide(watching: Watching | None) -> None:
            if watching is None or set(watching.topics) != set(stream.topics):
                stream.end()  # the browser asks anew, and gets what is still permitted

        self._admit(session_id, stream.topics).addCallbacks(decide, lambda failure: _log.error("stream kept", error=failure.getErrorMessage()))

    def _could_not_begin(self, failure: Failure, request: Request, gone: list[Any]) -> None:
        _log.error("stream refused", error=failure.getErrorMessage())
        if not gone:
            _refuse(request, 503, b"Not now.", finish=True)

    def _forget(self, _none: None, stream: "Stream", user_id: int) -> None:
        self._per_user[user_id] -= 1
        if not self._per_user[user_id]:
            del self._per_user[user_id]
        for topic in stream.topics:
            streams = self._by_topic.get(topic, set())
            streams.discard(stream)
            if not streams:
                self._by_topic.pop(topic, None)
        self._on_count(self.count)

    def _hinted(self, hints: list[Hint]) -> None:
        for hint in hints:
            for topic in touched(hint):
                for stream in tuple(self._by_topic.get(topic, ())):
                    stream.offer(topic, hint)

    @property
    def count(self) -> int:
        return sum(self._per_user.values())

    def stop(self) -> None:
        """End all streams, at the end of the process; browsers come back to the next one."""
        self._unsubscribe()
        for stream in {stream for streams in self._by_topic.values() for stream in streams}:
            stream.end()


@implementer(IPushProducer)
class Stream:
    """One tab. Per topic it remembers the last hint that has not left yet: its memory is bounded by its topics."""

    def __init__(self, request: Request, topics: tuple[str, ...], reactor: Any) -> None:
        self.topics = topics
        self.closed: Deferred[None] = Deferred()
        self._request = request
        self._reactor = reactor
        self._waiting: dict[str, Hint] = {}
        self._resting: dict[str, Any] = {}
        self._paused = False
        self._open = True
        self._heart = LoopingCall(self._beat)
        self._heart.clock = reactor
        self._beats = 0

    def begin(self, look_again: Callable[[], None]) -> None:
        """Start; `look_again` is called every ADMITTED_FOR_S."""
        self._look_again = look_again
        request = self._request
        request.setHeader(b"Content-Type", b"text/event-stream; charset=utf-8")
        request.setHeader(b"Cache-Control", b"no-store")
        request.setHeader(b"X-Accel-Buffering", b"no")  # nginx would hold events back
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.notifyFinish().addBoth(lambda _result: self._finish())
        request.registerProducer(self, True)
        request.write(b"retry: %d\n: open\n\n" % RETRY_MS)
        self._heart.start(HEARTBEAT_S, now=False)

    def offer(self, topic: str, hint: Hint) -> None:
        """Send now, or with the next of its topic."""
        self._waiting[topic] = hint
        if topic not in self._resting:
            self._send(topic)

    def _send(self, topic: str) -> None:
        if self._paused or not self._open or topic not in self._waiting:
            return
        hint = self._waiting.pop(topic)
        self._request.write(f"event: {event_name(topic)}\ndata: {json.dumps(hint, separators=(',', ':'))}\n\n".encode())
        self._resting[topic] = self._reactor.callLater(1 / EVENT_RATE, self._rested, topic)

    def _rested(self, topic: str) -> None:
        del self._resting[topic]
        self._send(topic)

    def _beat(self) -> None:
        self._beats += 1
        if self._beats % int(ADMITTED_FOR_S / HEARTBEAT_S) == 0:
            self._look_again()
        if self._open and not self._paused:
            self._request.write(b": beat\n\n")

    def end(self) -> None:
        if self._open:
            self._request.unregisterProducer()
            self._request.finish()
            self._finish()

    def _finish(self) -> None:
        if not self._open:
            return
        self._open = False
        if self._heart.running:
            self._heart.stop()
        for call in self._resting.values():
            call.cancel()
        self._resting.clear()
        self.closed.callback(None)

    # IPushProducer: the transport says when the browser reads no more

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        for topic in tuple(self._waiting):
            if topic not in self._resting:
                self._send(topic)

    def stopProducing(self) -> None:
        self._finish()


def _refuse(request: HttpRequest, status: int, text: bytes, finish: bool = False) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
    request.setHeader(b"Cache-Control", b"no-store")
    if finish:
        request.write(text)
        request.finish()
    return text
