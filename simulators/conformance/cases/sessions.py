"""Session_*: who speaks when, what ends a session, and what a broken one leaves behind (conformance A.4, A.5; J-23)."""

from __future__ import annotations

from twisted.internet.defer import Deferred, DeferredList

from acs.cwmp.messages import (
    FaultStruct,
    GetParameterValuesResponse,
    GetRPCMethods,
    RebootResponse,
    SetParameterValuesResponse,
    TransferComplete,
)
from acs.cwmp.times import UNKNOWN_TIME
from simulators.conformance.case import case, check, skip
from simulators.conformance.cpe import CwmpFault, WireCpe

ROUTINE = ("A-40", "A-42", "A-50", "A-55")


def transfer_complete(key: str = "unknown-key", code: int = 0, text: str = "") -> TransferComplete:
    return TransferComplete(key, FaultStruct(code, text), UNKNOWN_TIME, UNKNOWN_TIME)


@case("Session_Shape", *ROUTINE, "L-1", title="A session with nothing to do: Inform, empty POST, 204")
async def minimal(cpe: WireCpe) -> None:
    """Informs with 2 PERIODIC, posts empty, answers whatever is asked, and expects the session to end with an empty response."""
    await cpe.informs()
    await cpe.finishes()
    check(cpe.last.is_empty, f"the session ended with {cpe.last}")


@case("Session_Shape", "A-42", "D-1", title="InformResponse comes alone in the answer to the Inform, with MaxEnvelopes")
async def inform_response_alone(cpe: WireCpe) -> None:
    """Informs and looks at the answer: one body with one InformResponse in it."""
    said = await cpe.informs()
    check(len(said.xml.bodies) == 1 and len(said.xml.bodies[0].children) == 1, "the answer to the Inform holds more than InformResponse")
    check(said.xml.rpc is not None and said.xml.rpc.child("MaxEnvelopes") is not None, "InformResponse has no MaxEnvelopes")


@case("Session_Shape", "A-43", "L-4", "C-3", title="The device asks GetRPCMethods before its first empty POST")
async def own_request_first(cpe: WireCpe) -> None:
    """After InformResponse the device calls GetRPCMethods, then gives the ACS its turn."""
    await cpe.informs()
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"GetRPCMethods was answered with {said}")
    await cpe.finishes()


@case("Session_Shape", "A-43", "A-47", title="Several requests of the device in a row, each with its own response")
async def own_requests_in_a_row(cpe: WireCpe) -> None:
    """Calls GetRPCMethods three times and TransferComplete once, and expects the matching response each time and no request of the ACS."""
    await cpe.informs()
    for message in (GetRPCMethods(), GetRPCMethods(), transfer_complete(), GetRPCMethods()):
        said = await cpe.calls(message)
        check(said.name == type(message).__name__ + "Response", f"{type(message).__name__} was answered with {said}")
    await cpe.finishes()


@case("Session_Shape", "A-47", "A-46", title="The ACS asks only when it is its turn", needs="read")
async def acs_waits_for_its_turn(cpe: WireCpe) -> None:
    """With something queued, the answers to Inform and to the device's own request still hold only their responses; then it is asked."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"GetRPCMethods was answered with {said}")
    said = await cpe.empty()
    check(said.is_request, f"the ACS had something to ask and answered the empty POST with {said}")
    await cpe.finishes(said)


@case("Session_Shape", "A-49", "A-46", "A-48", "L-2", title="One request at a time, the next only after the answer", needs="read")
async def one_question_at_a_time(cpe: WireCpe) -> None:
    """Answers everything the ACS asks of a new device and counts what each answer of the ACS holds."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.empty()
    seen = 0
    while said.is_request and seen < 40:
        seen += 1
        count = sum(len(body.children) for body in said.xml.bodies)
        check(count == 1, f"one HTTP response held {count} requests")
        said = await cpe.answers(said)
    check(seen, "the ACS never asked")


@case("Session_Shape", "A-50", "A-53", "C-171", title="Every session of a device that comes again and again ends")
async def again_and_again(cpe: WireCpe) -> None:
    """Five periodic sessions in a row on connections of their own, each to its end."""
    for _ in range(5):
        await cpe.informs("2 PERIODIC")
        await cpe.finishes()


@case("Session_Shape", "K-17", title="Empty posts after the end do no harm")
async def empty_after_the_end(cpe: WireCpe) -> None:
    """Posts empty twice more after 204, as devices do that need empty-empty-empty to end; the ACS must not ask, nor fall over."""
    await cpe.informs()
    said = await cpe.empty()
    while said.is_request:
        said = await cpe.answers(said)
    for _ in range(2):
        said = await cpe.empty(login=False)
        check(not said.is_request, f"the ACS asked {said.name} after it had ended the session")
        check(said.status < 500, f"an empty POST after the end was answered with {said}")
    await cpe.informs()
    await cpe.finishes()


@case("Session_Shape", "A-41", title="A session that begins with GetRPCMethods is refused")
async def begins_with_get_rpc_methods(cpe: WireCpe) -> None:
    """The first envelope is GetRPCMethods instead of Inform: the ACS answers with a fault or 4xx, never with a response."""
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "Fault" or 400 <= said.status < 500, f"GetRPCMethods without Inform was answered with {said}")
    check(said.code in (None, 8001, 8002, 8003), f"fault {said.code} for a session that begins with GetRPCMethods")


@case("Session_Shape", "A-41", title="A session that begins with TransferComplete is refused")
async def begins_with_transfer_complete(cpe: WireCpe) -> None:
    """The first envelope is TransferComplete: without an Inform nobody knows whose it is, so it must not be acknowledged."""
    said = await cpe.calls(transfer_complete())
    check(said.name != "TransferCompleteResponse", "TransferComplete without an Inform was acknowledged")
    check(said.name == "Fault" or 400 <= said.status < 500, f"TransferComplete without Inform was answered with {said}")


@case("Session_Shape", "A-41", "B-84", title="A session that begins with a response is refused")
async def begins_with_a_response(cpe: WireCpe) -> None:
    """The first envelope is a GetParameterValuesResponse nobody asked for."""
    said = await cpe.post(cpe.envelope(GetParameterValuesResponse(())))
    check(not said.is_request and said.name != "InformResponse", f"a response that answers nothing was answered with {said}")
    await cpe.lives()


@case("Session_Shape", "A-41", "A-27", title="A session that begins with an empty POST gets nothing")
async def begins_empty(cpe: WireCpe) -> None:
    """Posts empty first. The ACS may challenge, refuse or end, but asks nothing."""
    said = await cpe.empty()
    check(not said.name, f"an empty POST without a session was answered with {said}")


@case("Session_Shape", "A-48", "A-71", title="A response to another request is not taken for the answer", needs="read")
async def wrong_response(cpe: WireCpe) -> None:
    """Answers the ACS's request with the response of another RPC; the ACS may fault or end, but stays sane and serves the next session."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.empty()
    check(said.is_request, f"the ACS had something to ask and said {said}")
    wrong = SetParameterValuesResponse(0) if said.name != "SetParameterValues" else GetParameterValuesResponse(())
    said = await cpe.answers(said, wrong)
    check(said.status < 500, f"a wrong response was answered with HTTP {said.status}")
    await cpe.informs("2 PERIODIC")
    await cpe.finishes()


@case("Session_Shape", "A-81", title="A response with another ID is not taken for the answer", needs="read")
async def wrong_id(cpe: WireCpe) -> None:
    """Answers the request for a value with the ID of another request; the ACS must not report that value."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    cpe.model.tree.put(path, "right")
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)
    said = await cpe.answers(said, rid="of-another-request")
    cpe.should(said.name == "Fault" or said.status >= 400, f"an answer with a wrong ID was taken: {said}")
    outcome = await cpe.outcome(handle, 1.0)
    check(outcome.state != "done", "an answer with the ID of another request was taken for the answer")


@case("Session_Shape", "A-81", "K-28", title="A response without ID is taken", needs="read")
async def no_id(cpe: WireCpe) -> None:
    """Answers all requests without the ID header, as some devices do."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.until("GetParameterValues", lambda message: cpe.root + "DeviceInfo.UpTime" in message.parameter_names)
    said = await cpe.answers(said, rid=None)
    check(said.status in (200, 204), f"an answer without ID was answered with {said}")
    check(said.name != "Fault", f"an answer without ID was answered with {said}")


@case("Session_Shape", "R-3", title="An empty POST where an answer was due is a failed request, not the end of everything", needs="read")
async def empty_for_an_answer(cpe: WireCpe) -> None:
    """Posts empty instead of answering; the ACS goes on or ends, and does not report success."""
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[cpe.root + "DeviceInfo.ModelName"])
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("GetParameterValues", lambda message: cpe.root + "DeviceInfo.ModelName" in message.parameter_names)
    said = await cpe.empty()
    check(said.status in (200, 204, 400), f"an empty POST for an answer was answered with {said}")
    await cpe.finishes(said) if said.status < 400 else None
    check((await cpe.outcome(handle, 1.0)).state != "done", "an empty answer was reported as success")


@case("Session_Shape", "B-84", title="A response nobody asked for does no harm within a session")
async def unasked_response(cpe: WireCpe) -> None:
    """After InformResponse the device sends a RebootResponse that answers nothing."""
    await cpe.informs()
    said = await cpe.post(cpe.envelope(RebootResponse()))
    check(said.status < 500, f"an unasked response was answered with HTTP {said.status}")
    await cpe.lives()


@case("Session_Shape", "B-84", title="A fault nobody asked for does no harm within a session")
async def unasked_fault(cpe: WireCpe) -> None:
    """After InformResponse the device sends a fault that answers nothing."""
    await cpe.informs()
    said = await cpe.post(cpe.envelope(CwmpFault(9002, "out of order")))
    check(said.status < 500, f"an unasked fault was answered with HTTP {said.status}")
    await cpe.lives()


@case("Session_Shape", "A-69", "A-58", title="The same Inform again in the session is answered again")
async def inform_repeated(cpe: WireCpe) -> None:
    """Sends the identical Inform twice, as a device does that waited too long for the answer."""
    body = cpe.envelope(cpe.inform("2 PERIODIC"), "same-1")
    await cpe.informs(body=body)
    said = await cpe.post(body)
    check(said.name == "InformResponse", f"the same Inform again was answered with {said}")
    check(said.xml.id == "same-1", "the second InformResponse does not carry the ID of the request")
    await cpe.finishes()


@case("Session_Shape", "A-82", "A-83", "A-84", "L-5", title="What the ACS holds back it releases again")
async def hold_is_released(cpe: WireCpe) -> None:
    """If InformResponse carries HoldRequests, the device posts empty until it is released, and then its TransferComplete must be answered."""
    said = await cpe.informs("7 TRANSFER COMPLETE", "M Download|unknown-key")
    held = said.xml.head("HoldRequests")
    if held is None or held.text.strip() not in ("1", "true"):
        skip("the ACS never holds requests back")
    check(
        held.attributes.get(("http://schemas.xmlsoap.org/soap/envelope/", "mustUnderstand")) == "1", "HoldRequests without mustUnderstand"
    )
    said = await cpe.empty()
    while said.is_request:
        said = await cpe.answers(said)
    check(said.is_empty, f"while requests were held the empty POST was answered with {said}")
    said = await cpe.calls(transfer_complete())
    check(said.name == "TransferCompleteResponse", f"after hold was released TransferComplete was answered with {said}")
    await cpe.finishes()


# ---- connections and interruptions ---------------------------------------------------------------------------------


@case("Session_Connection", "A-21", "A-23", "L-12", title="The session goes on over a new connection")
async def new_connection(cpe: WireCpe) -> None:
    """Closes the connection after InformResponse and goes on with the cookie over a new one."""
    await cpe.informs()
    said = await cpe.calls(GetRPCMethods(), fresh=True)
    check(said.name == "GetRPCMethodsResponse", f"over a new connection GetRPCMethods was answered with {said}")
    cpe.hang_up()
    await cpe.finishes()


@case("Session_Connection", "K-7", "A-23", title="A new connection for every POST")
async def connection_per_post(cpe: WireCpe) -> None:
    """A whole session in which every message has a connection of its own."""
    await cpe.informs()
    for _ in range(3):
        said = await cpe.calls(GetRPCMethods(), fresh=True)
        check(said.name == "GetRPCMethodsResponse", f"over a new connection GetRPCMethods was answered with {said}")
    said = await cpe.empty(fresh=True)
    while said.is_request:
        said = await cpe.answers(said, fresh=True)
    check(said.is_empty, f"the session ended with {said}")


@case("Session_Connection", "K-8", "A-20", title="The device closes after each answer: Connection: close in mid-session")
async def connection_close(cpe: WireCpe) -> None:
    """Sends Connection: close with the Inform and goes on over the next connection."""
    await cpe.informs(how={"headers": {"Connection": "close"}})
    cpe.hang_up()
    said = await cpe.empty(headers={"Connection": "close"})
    check(said.status in (200, 204), f"the empty POST was answered with {said}")


@case("Session_Connection", "A-20", title="The ACS keeps the connection for the session")
async def keeps_connection(cpe: WireCpe) -> None:
    """Looks whether the answer to the Inform lets the connection live."""
    said = await cpe.informs()
    cpe.should(said.answer.keeps, "the ACS closes the connection in the middle of the session")


@case("Session_Connection", "A-72", title="A reset right after the end does no harm")
async def reset_after_the_end(cpe: WireCpe) -> None:
    """Cuts the connection with a reset as soon as the session is over."""
    for _ in range(3):
        await cpe.informs()
        said = await cpe.empty()
        while said.is_request:
            said = await cpe.answers(said)
        cpe.hang_up(cut=True)
    await cpe.lives()


@case("Session_Connection", "K-15", "A-60", "D-48", title="The device cuts before it reads the answer to its Inform, and comes again")
async def cut_before_inform_response(cpe: WireCpe) -> None:
    """Sends an Inform and cuts at once; the next attempt has RetryCount 1, repeats the events and must be served."""
    await cpe.informs("1 BOOT")
    cpe.hang_up()
    line = await cpe.line()
    line.send(cpe.request(cpe.envelope(cpe.inform("1 BOOT"))))
    cpe.hang_up(cut=True)
    await cpe.informs("1 BOOT", retry_count=1)
    await cpe.finishes()


@case("Session_Connection", "A-52", "A-70", title="A device that vanishes in mid-session is served again")
async def vanishes(cpe: WireCpe) -> None:
    """Breaks off after InformResponse without a word, and comes again with a new session at once."""
    await cpe.informs()
    cpe.hang_up(cut=True)
    await cpe.informs("2 PERIODIC", retry_count=1)
    await cpe.finishes()


@case("Session_Connection", "A-70", title="A device that vanishes with a question open is asked again or told of", needs="read")
async def vanishes_with_a_question(cpe: WireCpe) -> None:
    """Breaks off instead of answering. In the next session the ACS asks again, or gave the action up; it does not claim an answer."""
    path = cpe.root + "DeviceInfo.ModelName"
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs("6 CONNECTION REQUEST")
    await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)
    cpe.hang_up(cut=True)
    check((await cpe.outcome(handle, 0.5)).state != "done", "the action is done though its question was never answered")
    await cpe.informs("2 PERIODIC", retry_count=1)
    asked = await cpe.finishes()
    outcome = await cpe.outcome(handle, 5.0)
    check(outcome.state != "done" or "GetParameterValues" in asked, "the action is done though it was never answered")
    check(outcome.state == "failed" or "GetParameterValues" in asked, "what broke off is neither asked again nor given up")


@case("Session_Connection", "A-58", "L-15", "K-19", title="A second Inform on another connection replaces the session")
async def newer_wins(cpe: WireCpe) -> None:
    """Informs twice on two connections; the newer session is served to its end. The older one must not be given the device's work."""
    await cpe.informs()
    older, cookies = cpe.connection, dict(cpe.cookies)
    cpe.connection = None
    await cpe.informs("1 BOOT")
    newer, fresh = cpe.connection, dict(cpe.cookies)
    cpe.connection, cpe.cookies = older, cookies
    said = await cpe.empty()
    check(not said.is_request, f"the older session was asked {said.name}")
    cpe.hang_up()
    cpe.connection, cpe.cookies = newer, fresh
    await cpe.finishes()


@case("Session_Connection", "A-59", title="Two devices in turn on connections of their own")
async def two_devices(cpe: WireCpe) -> None:
    """Two sessions of two devices, message by message in turn, do not mix."""
    other = cpe.another()
    await cpe.informs()
    await other.informs()
    for device in (cpe, other, cpe):
        said = await device.calls(GetRPCMethods(), f"of-{device.serial}")
        check(said.xml.id == f"of-{device.serial}", f"{device.serial} got the answer to another device's request")
    await other.finishes()
    await cpe.finishes()


@case("Session_Connection", "K-9", title="Two devices behind one proxy share a connection")
async def shared_connection(cpe: WireCpe) -> None:
    """Two devices with cookies of their own speak in turn over one connection."""
    other = cpe.another()
    await cpe.informs()
    said = await other.post(other.envelope(other.inform()))
    check(said.name == "InformResponse", f"the second device's Inform was answered with {said}")
    line = cpe.connection
    other.hang_up()
    other.connection = line
    for device in (cpe, other):
        said = await device.calls(GetRPCMethods(), f"of-{device.serial}")
        check(said.name == "GetRPCMethodsResponse", f"{device.serial} on the shared connection got {said}")
        check(said.xml.id == f"of-{device.serial}", f"{device.serial} got the answer to another device's request")
    other.connection = None


@case("Session_Connection", "A-59", "L-16", title="A slow device does not hold up the others")
async def slow_neighbour(cpe: WireCpe) -> None:
    """One device stops in the middle of its Inform; twenty others have their sessions meanwhile."""
    body = cpe.envelope(cpe.inform())
    data = cpe.request(body, login=False)
    line = await cpe.line()
    line.send(data[: len(data) // 2])

    async def session(device: WireCpe) -> None:
        await device.informs()
        await device.finishes()

    others = [cpe.another() for _ in range(20)]
    done = await DeferredList([Deferred.fromCoroutine(session(other)) for other in others], consumeErrors=True)
    bad = [result.getErrorMessage() for good, result in done if not good]
    check(not bad, f"{len(bad)} of 20 devices failed beside a slow one: {bad[0] if bad else ''}")
    line.send(data[len(data) // 2 :])
    answer = await line.answer(cpe.world.timeout_s)
    check(answer.status in (200, 401), f"the slow device got HTTP {answer.status}")


@case("Session_Timeout", "A-61", "A-62", title="The ACS waits 30 s for the next POST", wait_s=29.0)
async def patience(cpe: WireCpe) -> None:
    """Is silent for 28 s after InformResponse and then goes on in the same session."""
    await cpe.informs()
    await cpe.pause(28.0)
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"after 28 s of silence GetRPCMethods was answered with {said}")


@case("Session_Timeout", "K-14", "J-6", title="A message that comes slowly is taken as long as it comes", wait_s=8.0)
async def slow_message(cpe: WireCpe) -> None:
    """Sends the Inform in forty pieces over six seconds."""
    body = cpe.envelope(cpe.inform())
    size = len(cpe.request(body)) // 40 + 1
    await cpe.informs(body=body, how={"pieces": size, "pause_s": 0.07})
    await cpe.finishes()


@case("Session_Timeout", "A-62", "A-63", "K-21", "L-32", title="The header SessionTimeout is understood or ignored")
async def session_timeout_header(cpe: WireCpe) -> None:
    """Informs with SessionTimeout 60, 5 and with a word for a number; none of them may spoil the session."""
    for text in ("60", "5", "soon"):
        cpe.begin()
        said = await cpe.post(cpe.envelope(cpe.inform(), headers=[("SessionTimeout", text, 0)]))
        check(said.name == "InformResponse", f"SessionTimeout {text!r} was answered with {said}")
