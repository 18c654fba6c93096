"""Live streams in memory: who gets in, what is sent and how often, and how they end."""

import json

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.web.test.requesthelper import DummyRequest

from care.events import ADMITTED_FOR_S, EVENT_RATE, HEARTBEAT_S, STREAMS_PER_USER, EventsResource
from care.web import Admitted


class Hints:
    """A source of hints that says what the test says."""

    def __init__(self) -> None:
        self.callbacks = []

    def subscribe(self, callback):
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def __call__(self, *hints: dict) -> None:
        for callback in list(self.callbacks):
            callback(list(hints))


class Tab(DummyRequest):
    """A browser's request, with what reached it."""

    def __init__(self, topics: str, cookie: str = "good") -> None:
        super().__init__([b"events"])
        self.args = {b"topics": [topics.encode()]}
        self.requestHeaders.setRawHeaders(b"cookie", [cookie.encode()])
        self.producer = None

    def registerProducer(self, producer, streaming):
        assert streaming
        self.producer = producer

    def unregisterProducer(self):
        self.producer = None

    def close(self) -> None:
        self.processingFailed(ConnectionError())

    @property
    def text(self) -> str:
        return b"".join(self.written).decode()

    @property
    def events(self) -> list[tuple[str, dict]]:
        found = [part.split("\n") for part in self.text.split("\n\n") if part.startswith("event: ")]
        return [(lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in found]


@pytest.fixture
def reactor() -> Clock:
    return Clock()


@pytest.fixture
def hints() -> Hints:
    return Hints()


@pytest.fixture
def counted() -> list[int]:
    return []


@pytest.fixture
def resource(reactor, hints, counted) -> EventsResource:
    def admit(session_id: str, wanted: tuple[str, ...]):
        topics = tuple(topic for topic in wanted if not topic.startswith("foreign"))
        return succeed(None if session_id == "ended" else Admitted(int(session_id), topics))

    sessions = {b"good": "1", b"other": "2", b"late": "ended"}
    return EventsResource(reactor, hints, sessions.get, admit, counted.append)


def opened(resource: EventsResource, topics: str, cookie: str = "good") -> Tab:
    tab = Tab(topics, cookie)
    answer = resource.render_GET(tab)
    if isinstance(answer, bytes):
        tab.write(answer)
    return tab


def test_hint_reaches_whoever_watches_the_thing_or_its_list(resource, hints):
    one, other, everything = opened(resource, "operation:12,device:7"), opened(resource, "device:8"), opened(resource, "operations")
    hints({"kind": "progress", "device": 7, "operation": 12})
    assert [name for name, _ in one.events] == ["device-7", "operation-12"]
    assert one.events[0][1] == {"kind": "progress", "device": 7, "operation": 12}
    assert other.events == []
    assert [name for name, _ in everything.events] == ["operations"]


def test_hint_about_a_thing_by_its_id(resource, hints):
    tab = opened(resource, "job:3,jobs")
    hints({"kind": "job", "id": 3})
    assert [name for name, _ in tab.events] == ["job-3", "jobs"]


def test_stream_is_an_event_stream_that_no_proxy_holds_back(resource):
    tab = opened(resource, "device:7")
    assert tab.responseHeaders.getRawHeaders("content-type") == ["text/event-stream; charset=utf-8"]
    assert tab.responseHeaders.getRawHeaders("cache-control") == ["no-store"]
    assert tab.responseHeaders.getRawHeaders("x-accel-buffering") == ["no"]
    assert tab.text.startswith("retry: ")


@pytest.mark.parametrize(("cookie", "status"), [("bad", 401), ("late", 401)])
def test_strangers_and_ended_sessions_get_no_stream(resource, cookie, status):
    assert opened(resource, "device:7", cookie).responseCode == status
    assert resource.count == 0


def test_nothing_to_watch_is_no_content_so_that_the_browser_does_not_come_back(resource):
    assert opened(resource, "foreign:7").responseCode == 204
    assert opened(resource, "").responseCode == 204


def test_many_events_are_folded_into_the_last_of_each_interval(resource, hints, reactor):
    tab = opened(resource, "device:7")
    for number in range(100):
        hints({"kind": "device", "id": 7, "n": number})
        reactor.advance(0.01)
    reactor.advance(1 / EVENT_RATE)
    sent = [hint["n"] for _name, hint in tab.events]
    assert len(sent) <= EVENT_RATE + 2
    assert sent[0] == 0
    assert sent[-1] == 99


def test_topics_do_not_hold_each_other_up(resource, hints):
    tab = opened(resource, "device:7,device:8")
    hints({"kind": "device", "id": 7}, {"kind": "device", "id": 7, "again": True}, {"kind": "device", "id": 8})
    assert [name for name, _ in tab.events] == ["device-7", "device-8"]


def test_heart_beats_while_nothing_happens(resource, reactor):
    tab = opened(resource, "device:7")
    reactor.advance(HEARTBEAT_S + 0.1)
    reactor.advance(HEARTBEAT_S)
    assert tab.text.count(": beat\n\n") == 2


def test_browser_that_does_not_read_gets_the_last_of_each_topic_afterwards(resource, hints, reactor):
    tab = opened(resource, "device:7,device:8")
    tab.producer.pauseProducing()
    for number in range(50):
        hints({"kind": "device", "id": 7, "n": number}, {"kind": "device", "id": 8, "n": number})
        reactor.advance(1)
    reactor.advance(HEARTBEAT_S)
    assert tab.events == []
    assert "beat" not in tab.text
    tab.producer.resumeProducing()
    assert [(name, hint["n"]) for name, hint in tab.events] == [("device-7", 49), ("device-8", 49)]


def test_closed_tab_leaves_nothing_behind(resource, hints, reactor, counted):
    tab = opened(resource, "device:7")
    hints({"kind": "device", "id": 7})
    tab.close()
    before = tab.text
    hints({"kind": "device", "id": 7})
    reactor.advance(60)
    assert tab.text == before
    assert reactor.getDelayedCalls() == []
    assert counted == [1, 0]
    assert resource._by_topic == {}


def test_one_user_has_a_bounded_number_of_streams(resource):
    tabs = [opened(resource, "device:7") for _ in range(STREAMS_PER_USER)]
    assert opened(resource, "device:7").responseCode == 429
    assert opened(resource, "device:7", "other").text.startswith("retry")
    tabs[0].close()
    assert opened(resource, "device:7").text.startswith("retry")


def test_tab_that_leaves_while_it_is_looked_up_is_forgotten(reactor, hints):
    waiting: Deferred = Deferred()
    resource = EventsResource(reactor, hints, lambda _cookie: "1", lambda *_given: waiting)
    tab = opened(resource, "device:7")
    tab.close()
    waiting.callback(Admitted(1, ("device:7",)))
    assert resource.count == 0


def test_lookup_that_fails_is_told_as_not_now(reactor, hints):
    from twisted.internet.defer import fail

    resource = EventsResource(reactor, hints, lambda _cookie: "1", lambda *_given: fail(OSError("gone")))
    assert opened(resource, "device:7").responseCode == 503


def test_end_of_the_process_ends_the_streams_and_listens_no_more(resource, hints, reactor):
    tabs = [opened(resource, "device:7,jobs"), opened(resource, "device:7", "other")]
    resource.stop()
    assert all(tab.finished for tab in tabs)
    assert hints.callbacks == []
    assert reactor.getDelayedCalls() == []


def test_session_that_ended_meanwhile_hears_nothing_more(reactor, hints):
    answers = [Admitted(1, ("device:7",)), Admitted(1, ("device:7",)), None]
    resource = EventsResource(reactor, hints, lambda _cookie: "1", lambda *_given: succeed(answers.pop(0)))
    tab = opened(resource, "device:7")
    for _beat in range(int(ADMITTED_FOR_S / HEARTBEAT_S)):
        reactor.advance(HEARTBEAT_S)
    assert not tab.finished
    for _beat in range(int(ADMITTED_FOR_S / HEARTBEAT_S)):
        reactor.advance(HEARTBEAT_S)
    assert tab.finished
    assert reactor.getDelayedCalls() == []


def test_lookup_that_fails_later_keeps_the_stream(reactor, hints):
    from twisted.internet.defer import fail

    answers = [succeed(Admitted(1, ("device:7",))), fail(OSError("gone"))]
    resource = EventsResource(reactor, hints, lambda _cookie: "1", lambda *_given: answers.pop(0))
    tab = opened(resource, "device:7")
    for _beat in range(int(ADMITTED_FOR_S / HEARTBEAT_S)):
        reactor.advance(HEARTBEAT_S)
    assert not tab.finished
