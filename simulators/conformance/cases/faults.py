"""CWMP_Faults: faults the ACS sends, and those it gets (conformance B.5, E; quirk K-55)."""

from __future__ import annotations

from typing import Any

from acs.cwmp.faults import ParameterFault
from acs.cwmp.messages import SetParameterValuesResponse
from simulators.conformance.case import case, check
from simulators.conformance.cases.events import _raw
from simulators.conformance.cpe import CwmpFault, Said, WireCpe
from simulators.conformance.soap import SOAP

GROUP = "CWMP_Faults"


async def _unknown(cpe: WireCpe, name: str = "Mystify", rid: str | None = None) -> Said:
    await cpe.informs()
    body: bytes = _raw(name, "<Argument>1</Argument>")(cpe)
    return await cpe.post(body if rid is None else body.replace(f">{cpe.serial}-{cpe._number}<".encode(), f">{rid}<".encode()))


@case(GROUP, "B-88", "E-40", "L-56", title="An unknown request gets fault 8000")
async def unknown_rpc(cpe: WireCpe) -> None:
    """Calls a method nobody knows."""
    said = await _unknown(cpe)
    check(said.name == "Fault", f"an unknown request was answered with {said}")
    check(said.code == 8000, f"an unknown request got fault {said.code}, not 8000")


@case(GROUP, "B-88", "C-6", title="An unknown vendor request gets fault 8000")
async def unknown_vendor_rpc(cpe: WireCpe) -> None:
    """Calls X_00A0C5_Ask."""
    check((await _unknown(cpe, "X_00A0C5_Ask")).code == 8000, f"an unknown vendor request was answered with {cpe.last}")


@case(GROUP, "B-88", title="A request in a foreign namespace gets fault 8000")
async def foreign_namespace(cpe: WireCpe) -> None:
    """Calls a method of another namespace; the fault comes in the CWMP namespace of the session."""
    await cpe.informs()
    body = (
        _raw("Mystify", "")(cpe)
        .replace(b"<cwmp:Mystify>", b'<v:Mystify xmlns:v="urn:vendor">')
        .replace(b"</cwmp:Mystify>", b"</v:Mystify>")
    )
    said = await cpe.post(body)
    check(said.code == 8000, f"a request in a foreign namespace was answered with {said}")


@case(GROUP, "A-6", "X-9", title="Faults travel with HTTP 200")
async def status_of_a_fault(cpe: WireCpe) -> None:
    """Reads the HTTP status of a fault."""
    said = await _unknown(cpe)
    check(said.name == "Fault", f"an unknown request was answered with {said}")
    check(said.status == 200, f"a fault came with HTTP {said.status}")
    check(said.answer.one("content-type").lower().startswith("text/xml"), "a fault without Content-Type text/xml")


@case(GROUP, "B-80", title="A fault has faultcode, faultstring and one cwmp:Fault in its detail")
async def form_of_a_fault(cpe: WireCpe) -> None:
    """Reads the parts of a fault and their namespaces."""
    said = await _unknown(cpe)
    check(said.name == "Fault", f"an unknown request was answered with {said}")
    rpc = said.xml.rpc
    assert rpc is not None
    check(rpc.namespace == SOAP, f"Fault is in the namespace {rpc.namespace!r}")
    check(
        [node.name for node in rpc.children] == ["faultcode", "faultstring", "detail"], f"Fault has {[node.name for node in rpc.children]}"
    )
    inner = rpc.child("detail")
    check(
        inner is not None and len(inner.children) == 1 and inner.children[0].name == "Fault", "the detail does not hold exactly one Fault"
    )
    assert inner is not None
    check(inner.children[0].namespace == cpe.namespace, f"the CWMP Fault is in the namespace {inner.children[0].namespace!r}")
    check(inner.children[0].value("FaultCode").strip().isdigit(), "FaultCode is no number")


@case(GROUP, "B-81", title="faultcode is Client or Server")
async def faultcode(cpe: WireCpe) -> None:
    """Reads faultcode of fault 8000: the device erred, so Client."""
    said = await _unknown(cpe)
    word = said.xml.fault[0].rpartition(":")[2]
    check(word in ("Client", "Server"), f"faultcode is {said.xml.fault[0]!r}")
    cpe.should(word == "Client", "faultcode of 8000 is Server, though the device erred")


@case(GROUP, "B-82", title="faultstring is “CWMP fault”")
async def faultstring(cpe: WireCpe) -> None:
    """Reads faultstring."""
    said = await _unknown(cpe)
    cpe.should(said.xml.rpc is not None and said.xml.rpc.value("faultstring").strip() == "CWMP fault", "faultstring is not “CWMP fault”")


@case(GROUP, "B-83", "A-80", title="A fault carries the ID of the request that failed")
async def id_of_a_fault(cpe: WireCpe) -> None:
    """Calls an unknown method with an ID and reads the fault's."""
    said = await _unknown(cpe, rid="fail-77")
    check(said.name == "Fault", f"an unknown request was answered with {said}")
    check(said.xml.id == "fail-77", f"the fault carries the ID {said.xml.id!r}, not 'fail-77'")


@case(GROUP, "B-24", "B-80", title="A fault comes in the namespace of the device")
async def namespace_of_a_fault(cpe: WireCpe) -> None:
    """A device that speaks cwmp-1-0 gets its fault in cwmp-1-0."""
    cpe.namespace = "urn:dslforum-org:cwmp-1-0"
    said = await _unknown(cpe)
    check(said.xml.namespace == cpe.namespace, f"the fault came in {said.xml.namespace}")


@case(GROUP, "E-40", title="After a fault the session goes on")
async def session_after_a_fault(cpe: WireCpe) -> None:
    """Calls an unknown method, then a known one, then ends."""
    from acs.cwmp.messages import GetRPCMethods

    await _unknown(cpe)
    check((await cpe.calls(GetRPCMethods())).name == "GetRPCMethodsResponse", f"after a fault GetRPCMethods was answered with {cpe.last}")
    await cpe.finishes()


async def _asked_to_read(cpe: WireCpe) -> tuple[Any, Said]:
    """What an action that reads a name is known by, and the question it leads to."""
    path = cpe.root + "DeviceInfo.ModelName"
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs("6 CONNECTION REQUEST")
    return handle, await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)


# ---- faults the ACS gets -------------------------------------------------------------------------------------------


def _fault(code: int, cite: str) -> None:
    @case(GROUP, cite, "C-205", "E-51", name=f"takes-{code}", title=f"Fault {code} from a device ends the action, not the ACS", needs="read",
          does=f"Answers GetParameterValues with fault {code} again and again: the ACS must stop asking, end the session, and tell of the fault.")  # fmt: skip
    async def takes(cpe: WireCpe) -> None:
        handle, said = await _asked_to_read(cpe)
        times = 0
        while said.is_request and times < 30:
            times += 1
            said = await cpe.answers(said, CwmpFault(code, f"fault {code} <of> the & test"))
        check(times < 30, f"the ACS asked {times} times though it got fault {code} each time")
        check(said.is_empty, f"after fault {code} the session ended with {said}")
        outcome = await cpe.outcome(handle, 3.0)
        check(outcome.state != "done" or str(code) in outcome.detail, f"fault {code} was reported as success")
        cpe.should(outcome.state == "pending" or outcome.fault == code or str(code) in outcome.detail, f"fault {code} is not told")


for _code, _cite in {
    9000: "E-1",
    9001: "E-2",
    9002: "E-3",
    9003: "E-4",
    9004: "E-5",
    9005: "E-6",
    9850: "E-35",
    17: "B-87",
    9500: "E-34",
}.items():
    _fault(_code, _cite)


@case(GROUP, "B-86", "K-55", "E-52", title="A SOAP fault without detail is a failure, not an accident", needs="read")
async def no_detail(cpe: WireCpe) -> None:
    """Answers with a fault that has only faultcode and faultstring."""
    handle, said = await _asked_to_read(cpe)
    times = 0
    while said.is_request and times < 20:
        times += 1
        body = cpe.envelope(CwmpFault(9002, "x"), said.xml.id).decode()
        begin, end = body.find("<detail>"), body.find("</detail>") + 9
        said = await cpe.post((body[:begin] + body[end:]).encode())
    check(said.is_empty, f"after a fault without detail the session ended with {said}")
    check((await cpe.outcome(handle, 3.0)).state != "done" or times, "a fault without detail was reported as success")


@case(GROUP, "B-85", "C-31", "C-32", "L-34", "K-55", title="Each refused parameter is told", needs="write")
async def parameter_faults(cpe: WireCpe) -> None:
    """Refuses a write with 9003 and two ParameterFaults, 9005 and 9007: nothing was applied and the ACS says so."""
    one, two = cpe.root + "DeviceInfo.ProvisioningCode", cpe.model.management("PeriodicInformInterval")
    await cpe.acquainted()
    handle = await cpe.wants("write", values=[[one, "abc", "string"], [two, "777", "unsignedInt"]])
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("SetParameterValues", lambda message: any(item.name == one for item in message.parameter_list))
    times = 0
    fault = CwmpFault(9003, "Invalid arguments", (ParameterFault(one, 9005, "no such <name>"), ParameterFault(two, 9007, "bad")))
    while said.is_request and times < 20:
        times += 1
        said = await cpe.answers(said, fault if said.name == "SetParameterValues" else None)
    check(said.is_empty, f"after a refused write the session ended with {said}")
    outcome = await cpe.outcome(handle, 5.0)
    check(outcome.state == "failed", f"a write that was refused is {outcome.state}")
    cpe.should("9005" in outcome.detail and "9007" in outcome.detail, "the codes of the single parameters are not told")


@case(GROUP, "K-55", "C-32", title="A refused write without ParameterFaults is a failure", needs="write")
async def no_parameter_faults(cpe: WireCpe) -> None:
    """Refuses every write with a bare 9003; the ACS may try them one by one, but ends and does not report success."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    await cpe.acquainted()
    handle = await cpe.wants("write", values=[[path, "abc", "string"]])
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("SetParameterValues", lambda message: any(item.name == path for item in message.parameter_list))
    times = 0
    while said.is_request and times < 20:
        times += said.name == "SetParameterValues"
        said = await cpe.answers(said, CwmpFault(9003, "Invalid arguments") if said.name == "SetParameterValues" else None)
    check(said.is_empty, f"after {times} refused writes the session ended with {said}")
    check((await cpe.outcome(handle, 5.0)).state == "failed", "a write that was refused was not told as failed")


@case(GROUP, "R-9", title="A fault with a prefix that was never declared is understood", needs="read")
async def undeclared_prefix(cpe: WireCpe) -> None:
    """Answers with <soap:Fault> in an envelope that declares SOAP-ENV, as a client in the field does."""
    handle, said = await _asked_to_read(cpe)
    times = 0
    while said.is_request and times < 20:
        times += 1
        body = cpe.envelope(CwmpFault(9005, "no"), said.xml.id)
        said = await cpe.post(body.replace(b"<SOAP-ENV:Fault>", b"<soap:Fault>").replace(b"</SOAP-ENV:Fault>", b"</soap:Fault>"))
    check(said.status in (200, 204, 400), f"a fault with an undeclared prefix was answered with {said}")
    cpe.should(said.is_empty, f"a fault with an undeclared prefix was answered with {said}")
    check((await cpe.outcome(handle, 3.0)).state != "done" or times, "a fault was reported as success")


@case(GROUP, "R-5", "C-21", "C-27", title="SetParameterValuesResponse with status 1 is a success", needs="write")
async def status_1(cpe: WireCpe) -> None:
    """Applies the value and answers status 1: committed, not yet applied."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    await cpe.acquainted()
    handle = await cpe.wants("write", values=[[path, "later", "string"]])
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("SetParameterValues", lambda message: any(item.name == path for item in message.parameter_list))
    cpe.model.tree.put(path, "later")
    await cpe.finishes(await cpe.answers(said, SetParameterValuesResponse(1)))
    check((await cpe.outcome(handle, 5.0)).state == "done", "a write with status 1 was not taken for a success")
