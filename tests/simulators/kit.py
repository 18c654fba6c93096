"""What the simulator's tests share: a CPE on a Clock, and an ACS that follows a script, in memory or on a loopback socket."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.task import Clock
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from acs.cwmp.codec import Envelope, decode, encode
from acs.cwmp.messages import (
    ACS_METHODS,
    CLASSES,
    GetRPCMethods,
    GetRPCMethodsResponse,
    Inform,
    InformResponse,
    ParameterValueStruct,
    SetParameterValues,
)
from simulators.cpe import Cpe
from simulators.device import Device, Habits
from simulators.facts import make_facts
from simulators.http import Response
from simulators.planting import facts_of, flags_of, model, plant
from simulators.quirks import quirks_of

ANSWERS = {Inform: InformResponse(1), GetRPCMethods: GetRPCMethodsResponse(ACS_METHODS)}
ACS_URL = "http://127.0.0.1:7547/acs"
START = 1_700_000_000.0


def clock_at(seconds: float = START) -> Clock:
    clock = Clock()
    clock.rightNow = seconds
    return clock


def make_cpe(
    name: str = "Norvik G240", clock: Clock | None = None, *, faults: tuple[str, ...] = (), quirks: tuple[str, ...] = (), **given: Any
) -> Cpe:
    clock = clock or clock_at()
    given = {"acs_url": ACS_URL, "password": "onboarding", "connection_request_url": "http://127.0.0.1:9/cr/x", **facts_of(faults), **given}
    facts = make_facts(model(name), given.pop("number", 1), 1, clock.seconds, flags=flags_of(faults), **given)
    cpe = Cpe(facts, quirks_of(quirks))
    facts.username = str(cpe.identity.key)
    plant(cpe, faults)
    return cpe


def set_values(values: dict[str, str], key: str = "") -> SetParameterValues:
    return SetParameterValues(tuple(ParameterValueStruct(name, text, "string") for name, text in values.items()), key)


@dataclass
class ScriptedAcs:
    """Answers by the book; `questions` are asked one after the other, `verdicts` replace the next answers to requests of the CPE.

    `heard` holds every envelope that came, None for an empty POST; `logins` the Authorization headers.
    """

    questions: list[Any] = field(default_factory=list)
    verdicts: list[Any] = field(default_factory=list)
    heard: list[Envelope | None] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    hold: bool = False

    def take(self, headers: dict[str, str], body: bytes) -> Response:
        self.headers.append(headers)
        self.logins.append(headers.get("authorization", ""))
        self.cookies.append(headers.get("cookie", ""))
        envelope = decode(body) if body.strip() else None
        self.heard.append(envelope)
        if envelope is not None and type(envelope.message).__name__ in ACS_METHODS:
            answer = ANSWERS.get(type(envelope.message)) or CLASSES[f"{type(envelope.message).__name__}Response"]()
            if self.verdicts:
                answer = self.verdicts.pop(0) or answer
            if isinstance(answer, Response):
                return answer
            return self._envelope(answer, envelope.id, envelope.namespace)
        if self.questions:
            return self._envelope(self.questions.pop(0), f"q{len(self.questions)}", "urn:dslforum-org:cwmp-1-2")
        return Response(204, (), b"")

    def _envelope(self, message: Any, rid: str | None, namespace: str) -> Response:
        headers = (("content-type", "text/xml"), ("set-cookie", "session=abc; Path=/; HttpOnly"), ("set-cookie", "worker=2"))
        return Response(200, headers, encode(message, rid, namespace, hold=self.hold))

    @property
    def messages(self) -> list[Any]:
        return [envelope.message if envelope else None for envelope in self.heard]

    @property
    def informs(self) -> list[Inform]:
        return [message for message in self.messages if isinstance(message, Inform)]

    def events(self, nth: int = -1) -> list[str]:
        return [event.event_code for event in self.informs[nth].event]

    def answers(self) -> list[Any]:
        """What the CPE answered to our questions."""
        return [m for m in self.messages if m is not None and type(m).__name__ not in ACS_METHODS]


class MemoryClient:
    """Stands where HttpClient does; every POST reaches the scripted ACS at once."""

    def __init__(self, acs: ScriptedAcs) -> None:
        self.acs = acs
        self.fails: list[Exception] = []
        self.urls: list[str] = []

    async def request(self, _method: str, url: str, headers: list[tuple[str, str]], body: bytes = b"", **_rest: Any) -> Response:
        self.urls.append(url)
        if self.fails:
            raise self.fails.pop(0)
        return self.acs.take({name.lower(): value for name, value in headers}, body)

    def close(self) -> None: ...

    def abort(self) -> None: ...


def make_device(acs: ScriptedAcs, name: str = "Norvik G240", **given: Any) -> tuple[Device, Clock]:
    """A device whose sessions happen in memory and whose time is the returned Clock."""
    clock = clock_at()
    device = Device(clock, make_cpe(name, clock, **given), Habits(boot_s=(2.0, 2.0), flash_s=(1.0, 1.0)), random.Random(1), "token")
    device.client = MemoryClient(acs)  # type: ignore[assignment]
    return device, clock


def pass_time(clock: Clock, seconds: float, step: float = 0.1) -> None:
    for _ in range(round(seconds / step)):
        clock.advance(step)


class AcsResource(Resource):
    """The scripted ACS on a real socket."""

    isLeaf = True

    def __init__(self, acs: ScriptedAcs) -> None:
        super().__init__()
        self.acs = acs

    def render_POST(self, request: Any) -> Any:
        headers = {name.decode().lower(): values[-1].decode() for name, values in request.requestHeaders.getAllRawHeaders()}
        response = self.acs.take(headers, request.content.read())
        request.setResponseCode(response.status)
        for name, value in response.headers:
            request.responseHeaders.addRawHeader(name, value)
        request.write(response.body) if response.body else request.setHeader("content-length", "0")
        request.finish()
        return NOT_DONE_YET


def quiet_site(resource: Resource) -> Site:
    site = Site(resource, timeout=20)
    site.noisy = False
    site.log = lambda _request: None  # type: ignore[method-assign]
    return site
