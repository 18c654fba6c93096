"""Connection_Request: the ACS calls the device (conformance F.1; quirks K-67 to K-71)."""

from __future__ import annotations

from simulators.conformance.calls import DIGEST, CallPort
from simulators.conformance.case import case, check
from simulators.conformance.cpe import WireCpe

GROUP = "Connection_Request"
CALL_S = 12.0
"""How long an ACS may take to call a device it has something for."""


async def _callable(cpe: WireCpe, **behaviour: object) -> CallPort:
    """A known device that is idle and can be called; its login is what the ACS gave it."""
    port = await cpe.listens(**behaviour)
    port.login = lambda: (cpe.model.setting("ConnectionRequestUsername"), cpe.model.setting("ConnectionRequestPassword"))
    await cpe.acquainted()
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()
    port.calls.clear()
    return port


async def _wanted(cpe: WireCpe) -> object:
    return await cpe.wants("read", paths=[cpe.root + "DeviceInfo.ModelName"])


def _served(name: str, cites: tuple[str, ...], title: str, does: str, **behaviour: object) -> None:
    """The ACS gets through a listener with these manners, and what it wanted is done in the session that follows."""

    @case(GROUP, *cites, name=name, title=title, does=does, needs="wake read", wait_s=CALL_S)
    async def called(cpe: WireCpe) -> None:
        port = await _callable(cpe, **behaviour)
        handle = await _wanted(cpe)
        check(await port.called(CALL_S), f"no good connection request within {CALL_S:g} s; {len(port.calls)} came")
        await cpe.informs("6 CONNECTION REQUEST")
        await cpe.finishes()
        check((await cpe.outcome(handle)).state == "done", "the device was called and came, and what was wanted is not done")


_served("digest", ("F-1", "F-4", "F-5", "F-6", "L-71"), "Digest with qop=auth",
        "Challenges with Digest, MD5 and qop=auth; a good answer starts a session in which the wanted value is read.")  # fmt: skip
_served("digest-no-qop", ("F-5", "K-67", "L-70"), "Digest without qop", "Challenges as RFC 2069 does.",
        challenges=('Digest realm="cpe", nonce="{nonce}"',))  # fmt: skip
_served("digest-no-algorithm", ("K-67",), "Digest without algorithm", "Challenges with qop and without algorithm.",
        challenges=('Digest realm="cpe", qop="auth", nonce="{nonce}"',))  # fmt: skip
_served("digest-opaque", ("K-67", "F-4"), "Digest with opaque", "Challenges with an opaque value.",
        challenges=('Digest realm="cpe", qop="auth", nonce="{nonce}", opaque="5ccc069c403ebaf9", algorithm=MD5',))  # fmt: skip
_served("digest-auth-int", ("K-67",), "Digest that offers auth and auth-int", "Challenges with qop=auth,auth-int.",
        challenges=('Digest realm="cpe", qop="auth,auth-int", nonce="{nonce}", algorithm=MD5',))  # fmt: skip
_served("digest-md5-sess", ("F-5", "L-70"), "Digest with MD5-sess", "Challenges with algorithm MD5-sess.",
        challenges=('Digest realm="cpe", qop="auth", nonce="{nonce}", algorithm=MD5-sess',))  # fmt: skip
_served("digest-unquoted", ("K-67",), "Digest with blanks and without quotes", "Challenges with qop and algorithm written otherwise.",
        challenges=('Digest realm="cpe" ,nonce="{nonce}" , qop=auth, algorithm="MD5"',))  # fmt: skip
_served("digest-and-basic", ("K-67",), "Digest and Basic are offered", "Sends two WWW-Authenticate headers, Basic first.",
        challenges=('Basic realm="cpe"', DIGEST))  # fmt: skip
_served(
    "digest-stale", ("K-67",), "A nonce that went stale", "Answers the first good login with stale=true and a new nonce.", stale_first=True
)
_served(
    "closes-after-challenge", ("K-68",), "The device closes after its challenge", "Closes the connection with every answer.", hang_up=True
)
_served("no-login", ("F-12", "R-18"), "A device that asks for no login", "Answers 200 at once.", challenges=())
_served("answers-204", ("F-6",), "A device that answers 204", "Answers 204 to a good login at its second call.", challenges=())


@case(GROUP, "F-5", "K-67", title="Digest with SHA-256", needs="wake read", wait_s=CALL_S)
async def digest_sha_256(cpe: WireCpe) -> None:
    """Challenges with algorithm SHA-256, which is optional for an ACS."""
    port = await _callable(cpe, challenges=('Digest realm="cpe", qop="auth", nonce="{nonce}", algorithm=SHA-256',))
    await _wanted(cpe)
    cpe.should(await port.called(CALL_S), "a challenge with SHA-256 is not answered")


@case(GROUP, "F-5", "K-68", title="Basic alone: used only if the operator allows it", needs="wake read", wait_s=CALL_S)
async def basic_only(cpe: WireCpe) -> None:
    """Challenges with Basic only. Either the ACS answers it, or it gives up politely; a password in clear is told."""
    port = await _callable(cpe, challenges=('Basic realm="cpe"',))
    await _wanted(cpe)
    check(await port.reached(CALL_S), "the ACS never called")
    await port.called(2.0)
    cpe.note("Basic was answered" if port.good else "Basic was not answered")
    check(len(port.calls) < 8, f"{len(port.calls)} calls to a device that knows only Basic")


@case(GROUP, "F-1", "F-2", title="The call is a GET of HTTP/1.1 to the very path, without a body", needs="wake read", wait_s=CALL_S)
async def form(cpe: WireCpe) -> None:
    """Reads method, target, version and headers of the first call."""
    port = await _callable(cpe)
    await _wanted(cpe)
    check(await port.reached(CALL_S), "the ACS never called")
    call = port.calls[0]
    check(call.method == "GET", f"the call is a {call.method}")
    check(call.target == port.path, f"the call goes to {call.target}, the device said {port.path}")
    check(call.version == "HTTP/1.1", f"the call is {call.version}")
    check(not call.body, "the call has a body")
    check(call.headers.get("host"), "the call has no Host header")


@case(GROUP, "F-19", "J-3", title="The login for calls is the device's own", needs="wake own_login")
async def login_of_its_own(cpe: WireCpe) -> None:
    """After its first session the device has ConnectionRequestUsername and -Password of its own; two devices have different ones."""
    other = cpe.another()
    await cpe.acquainted()
    await other.acquainted()
    mine, others = (d.model.setting("ConnectionRequestPassword") for d in (cpe, other))
    check(mine and others, "the ACS sets no ConnectionRequestPassword")
    check(mine != others, "two devices have the same ConnectionRequestPassword")
    check(len(mine) >= 12, f"ConnectionRequestPassword has {len(mine)} characters")


@case(GROUP, "D-69", "F-20", "K-69", title="The URL of the last Inform counts", needs="wake read", wait_s=CALL_S)
async def newest_url(cpe: WireCpe) -> None:
    """The device moves to another port and path and informs; it is called there."""
    old = await _callable(cpe)
    port = await cpe.listens()
    port.login = old.login
    await cpe.informs("4 VALUE CHANGE")
    await cpe.finishes()
    old.calls.clear()
    await _wanted(cpe)
    called = await port.called(CALL_S)
    check(called and not old.calls, f"{len(old.calls)} calls went to the old URL, {len(port.calls)} to the new one")
    old.close()


@case(GROUP, "F-14", "F-10", "L-71", title="Ten wishes are one call", needs="wake read", wait_s=CALL_S)
async def coalesced(cpe: WireCpe) -> None:
    """Ten values are wanted at once; the device is not called ten times."""
    port = await _callable(cpe)
    for leaf in ("ModelName", "Manufacturer", "SerialNumber", "HardwareVersion", "SoftwareVersion", "ProvisioningCode", "UpTime", "SpecVersion",
                 "ManufacturerOUI", "Description"):  # fmt: skip
        await cpe.wants("read", paths=[f"{cpe.root}DeviceInfo.{leaf}"])
    check(await port.called(CALL_S), "the ACS never called")
    await cpe.pause(1.5)
    check(len(port.good) <= 3, f"{len(port.good)} calls for one device within a second and a half")


@case(GROUP, "F-8", "F-14", "K-70", title="503 is not hammered", needs="wake read", wait_s=CALL_S)
async def busy(cpe: WireCpe) -> None:
    """Answers 503; within the next seconds the ACS may try again, but not in a row."""
    port = await _callable(cpe, answers=[])
    port.answers.extend([503] * 50)
    await _wanted(cpe)
    check(await port.reached(CALL_S), "the ACS never called")
    await cpe.pause(3.0)
    check(len(port.calls) <= 3, f"{len(port.calls)} calls within 3 s to a device that says 503")


@case(GROUP, "F-15", "K-71", title="Success is the Inform, not the 200", needs="wake read", wait_s=CALL_S)
async def answers_and_stays_away(cpe: WireCpe) -> None:
    """Answers 200 and does not come; the ACS must not tell that the value was read, and does not call in a row."""
    port = await _callable(cpe)
    handle = await _wanted(cpe)
    check(await port.called(CALL_S), "the ACS never called")
    await cpe.pause(2.0)
    check((await cpe.outcome(handle, 0.0)).state != "done", "the device never came, and the action is done")
    check(len(port.good) <= 2, f"{len(port.good)} calls within 2 s to a device that said 200")


@case(GROUP, "F-17", title="The ACS does not follow redirects of a device", needs="wake read", wait_s=CALL_S)
async def redirect(cpe: WireCpe) -> None:
    """Answers 302 to another port of the device; nobody may come there."""
    trap = CallPort(cpe.world.reactor, cpe.world.callback, ("", ""), cpe.note, challenges=())
    try:
        port = await _callable(cpe)
        port.answers.extend([302] * 50)
        port.location = trap.url
        await _wanted(cpe)
        check(await port.reached(CALL_S), "the ACS never called")
        await cpe.pause(1.0)
        check(not trap.calls, "the ACS followed a redirect that a device gave")
    finally:
        trap.close()


def _status(status: int, *cites: str) -> None:
    @case(GROUP, "F-16", *cites, name=f"answers-{status}", title=f"A device that answers {status} is served at its next Inform", needs="wake read",
          wait_s=CALL_S, does=f"Answers every call with {status}; what was wanted is done when the device comes by itself.")  # fmt: skip
    async def answers(cpe: WireCpe) -> None:
        port = await _callable(cpe)
        port.answers.extend([status] * 50)
        handle = await _wanted(cpe)
        check(await port.reached(CALL_S), "the ACS never called")
        await cpe.informs("2 PERIODIC")
        await cpe.finishes()
        check((await cpe.outcome(handle)).state == "done", f"after a call that was answered {status} the next Inform does not serve")


_status(401, "F-7")
_status(404, "F-7")
_status(500, "F-16")


@case(GROUP, "F-16", "F-20", title="Nobody listens: served at the next Inform", needs="wake read")
async def refused(cpe: WireCpe) -> None:
    """The port is closed; what was wanted is done when the device comes by itself."""
    port = await _callable(cpe)
    port.close()
    handle = await _wanted(cpe)
    await cpe.pause(0.5)
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "done", "after a call that failed the next Inform does not serve")
    cpe.port = None


@case(GROUP, "K-69", title="An empty ConnectionRequestURL", needs="read")
async def no_url(cpe: WireCpe) -> None:
    """A device without a URL is served when it comes."""
    cpe.model.facts.connection_request_url = ""
    await cpe.acquainted()
    handle = await _wanted(cpe)
    await cpe.pause(0.3)
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()
    check((await cpe.outcome(handle)).state == "done", "a device without ConnectionRequestURL is not served")


@case(GROUP, "K-34", "F-9", title="6 CONNECTION REQUEST though nobody called")
async def uncalled(cpe: WireCpe) -> None:
    """Informs with 6 CONNECTION REQUEST out of the blue, three times."""
    for _ in range(3):
        await cpe.informs("6 CONNECTION REQUEST")
        await cpe.finishes()
