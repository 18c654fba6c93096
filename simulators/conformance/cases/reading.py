"""GetParameterValues, GetParameterNames and GetParameterAttributes of the ACS (conformance C.3 to C.5, K.2; quirks K-45 to K-53, R-6 to R-8)."""

from __future__ import annotations

import re

from acs.cwmp.messages import GetParameterNamesResponse, GetParameterValuesResponse, ParameterValueStruct
from simulators import rpc
from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe
from simulators.conformance.soap import array_count

VALUES, NAMES = "GetParameterValues", "GetParameterNames"


async def asked(cpe: WireCpe, path: str) -> Said:
    """A known device's session up to the request that names the path."""
    await cpe.acquainted()
    return await resumed(cpe, path)


async def resumed(cpe: WireCpe, path: str) -> Said:
    await cpe.informs("6 CONNECTION REQUEST")
    return await cpe.until("GetParameterValues", lambda message: path in message.parameter_names)


@case(VALUES, "C-4", "C-40", "L-2", "A-46", title="A value that is asked for is read", needs="read")
async def reads(cpe: WireCpe) -> None:
    """The ACS is asked to read a parameter; it asks the device and tells the value."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    cpe.model.tree.put(path, "conform-42")
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    await cpe.finishes(await cpe.answers(await resumed(cpe, path)))
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the value was read, the ACS says {outcome.state}: {outcome.detail}")
    cpe.should("conform-42" in outcome.detail or not outcome.detail, "the value is not told")


@case(VALUES, "B-40", "B-41", "C-40", "B-3", title="The request lists its names as an array of strings", needs="read")
async def form(cpe: WireCpe) -> None:
    """Reads ParameterNames of the request: type, count, no namespace, at least one name."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.until("GetParameterValues")
    found = said.xml.rpc.child("ParameterNames") if said.xml.rpc is not None else None
    check(found is not None, "the request has no ParameterNames")
    assert found is not None
    kind, count = array_count(found)
    check(kind.endswith(":string"), f"ParameterNames has the arrayType {kind!r}")
    check(count == len(found.children) >= 1, f"arrayType counts {count}, there are {len(found.children)} names")
    check(all(node.name == "string" and not node.namespace for node in found.children), "the items are no unqualified <string>")


@case(VALUES, "B-60", "C-41", "cwmp:K-5", title="Names are at most 256 characters, without placeholders", needs="read")
async def names_are_proper(cpe: WireCpe) -> None:
    """Looks at every name the ACS uses with a new device."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 60:
        seen += 1
        for name in re.findall(rb"<(?:string|Name|ParameterPath|ObjectName)>([^<]*)<", said.body):
            check(len(name.decode()) <= 256 and b"{i}" not in name, f"the ACS names {name.decode()!r}")
            check(not name or name.startswith(cpe.root.encode()), f"the device's root is {cpe.root}, the ACS names {name.decode()!r}")
        said = await cpe.answers(said)


@case(VALUES, "A-80", "A-81", title="Every request has an ID of its own", needs="read")
async def ids_are_unique(cpe: WireCpe) -> None:
    """Collects the IDs of the ACS's requests in a session."""
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.ModelName"])
    await cpe.informs("0 BOOTSTRAP")
    seen: list[str | None] = []
    said = await cpe.empty()
    while said.is_request and len(seen) < 20:
        seen.append(said.xml.id)
        said = await cpe.answers(said)
    check(seen, "the ACS never asked")
    check(all(seen), "a request of the ACS has no ID")
    check(len(set(seen)) == len(seen), "two requests of a session have the same ID")


@case(VALUES, "C-44", "R-6", title="9005 for an unknown name is told and not asked for ever", needs="read")
async def unknown_name(cpe: WireCpe) -> None:
    """The ACS is asked to read a name the device does not have."""
    path = cpe.root + "DeviceInfo.X_NoSuchThing"
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    await cpe.informs("6 CONNECTION REQUEST")
    asked = await cpe.finishes(most=60)
    check(len(asked) < 40, f"{len(asked)} requests for one unknown name")
    outcome = await cpe.outcome(handle)
    check(outcome.state != "pending", "a name that does not exist is asked for again and again")
    cpe.should(outcome.state == "failed" or "9005" in outcome.detail or path in outcome.detail, "that the name does not exist is not told")


@case(VALUES, "R-6", "K-51", title="An empty list for an unknown name does no harm", needs="read")
async def empty_list(cpe: WireCpe) -> None:
    """Answers GetParameterValues with no values at all, as two clients in the field do for unknown names."""
    path = cpe.root + "DeviceInfo.X_NoSuchThing"
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    said = await resumed(cpe, path)
    times = 0
    while said.name == "GetParameterValues" and times < 20:
        times += 1
        said = await cpe.answers(said, GetParameterValuesResponse(()))
    check(times < 20, "an empty answer is asked for again and again")
    await cpe.finishes(said)
    check((await cpe.outcome(handle)).state != "pending", "after an empty answer the action hangs")


@case(VALUES, "K-51", title="More values than were asked for", needs="read")
async def extra_values(cpe: WireCpe) -> None:
    """Answers with the value asked for, twice, and with others."""
    path = cpe.root + "DeviceInfo.ModelName"
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=[path])
    value = cpe.model.value_struct(path)
    extra = cpe.model.value_struct(cpe.root + "DeviceInfo.SerialNumber")
    await cpe.finishes(await cpe.answers(await resumed(cpe, path), GetParameterValuesResponse((extra, value, value, extra))))
    check((await cpe.outcome(handle)).state == "done", "an answer with extra values was not taken")


@case(VALUES, "C-45", "cwmp:K-11", "K-46", "K-50", "R-7", title="9004 makes the ACS ask for less at a time", needs="read")
async def resources_exceeded(cpe: WireCpe) -> None:
    """Refuses to answer for more than two names; the ACS halves its batches, or at least ends with a word."""
    leaves = ("Manufacturer", "ModelName", "SerialNumber", "HardwareVersion", "SoftwareVersion", "ProvisioningCode")
    paths = [f"{cpe.root}DeviceInfo.{leaf}" for leaf in leaves]
    await cpe.acquainted()
    handle = await cpe.wants("read", paths=paths)
    said = await resumed(cpe, paths[0])
    sizes: list[int] = []
    while said.is_request and len(sizes) < 60:
        names = cpe.reading(said).parameter_names if said.name == "GetParameterValues" else ()
        sizes.append(len(names))
        said = await cpe.answers(said, CwmpFault(9004, "Resources exceeded") if len(names) > 2 else None)
    check(len(sizes) < 60, "the ACS asks again and again")
    outcome = await cpe.outcome(handle)
    check(outcome.state != "pending", "after 9004 the action hangs")
    cpe.should(outcome.state == "done", "the ACS does not ask for less after 9004")


def _value(name: str, cites: tuple[str, ...], title: str, text: str, kind: str = "string", raw: bytes = b"") -> None:
    @case(
        VALUES,
        *cites,
        name=f"value-{name}",
        title=title,
        needs="read",
        does=f"Answers GetParameterValues so: {title[0].lower()}{title[1:]}; it must be taken.",
    )
    async def unusual(cpe: WireCpe) -> None:
        path = cpe.root + "DeviceInfo.ModelName"
        await cpe.acquainted()
        handle = await cpe.wants("read", paths=[path])
        said = await resumed(cpe, path)
        body = cpe.envelope(GetParameterValuesResponse((ParameterValueStruct(path, text, kind),)), said.xml.id)
        if raw:
            begin, end = body.find(b"<Value"), body.find(b"</Value>") + 8
            body = body[:begin] + raw + body[end:]
        said = await cpe.post(body)
        check(said.status in (200, 204) and said.name != "Fault", f"it was answered with {said}")
        await cpe.finishes(said)
        check((await cpe.outcome(handle)).state == "done", "the answer was not taken")


_value("markup", ("B-70", "L-38"), "Markup in a value, escaped", "<a>&\"'</a>")
_value(
    "cdata", ("B-70", "K-31"), "Markup in a value, in a CDATA section", "", raw=b'<Value xsi:type="xsd:string"><![CDATA[<a>&"]]></Value>'
)
_value("empty", ("B-59",), "An empty value", "")
_value("self-closing", ("B-59",), "A value that is a self-closing element", "", raw=b'<Value xsi:type="xsd:string"/>')
_value("no-type", ("B-53", "K-38"), "A value without a type", "", raw=b"<Value>text</Value>")
_value("no-value", ("K-39",), "A name without a value", "", raw=b"")
_value("long", ("A-11", "L-14"), "A value of 33,000 characters", "x" * 33_000)
_value("negative-unsigned", ("K-40", "B-57"), "A negative unsignedInt", "-1", "unsignedInt")
_value("boolean-word", ("K-40", "B-56"), "A boolean that is a word", "TRUE", "boolean")
_value("time-odd", ("B-68", "K-37"), "A dateTime without zone, of the year 0000", "0000-00-00T00:00:00", "dateTime")
_value("unicode", ("A-16",), "Letters of many scripts", "Bücher 漢字 🏠")
_value("none", ("K-51",), "The word None for what does not exist", "None")


@case(NAMES, "C-50", "C-4", title="GetParameterNames has a path and a NextLevel that devices read", needs="names")
async def names_form(cpe: WireCpe) -> None:
    """The ACS is asked to discover a subtree; reads path and NextLevel of its requests."""
    await cpe.acquainted()
    await cpe.wants("names", path=cpe.root + "DeviceInfo.")
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("GetParameterNames")
    rpc_node = said.xml.rpc
    assert rpc_node is not None
    check(
        [node.name for node in rpc_node.children] == ["ParameterPath", "NextLevel"],
        f"the request has {[n.name for n in rpc_node.children]}",
    )
    check(rpc_node.value("NextLevel") in ("0", "1", "true", "false"), f"NextLevel is {rpc_node.value('NextLevel')!r}")
    cpe.should(rpc_node.value("NextLevel") in ("0", "1"), "NextLevel is a word: some devices read only 0 and 1 (K-47)")


@case(NAMES, "C-56", "X-14", "cwmp:K-2", title="NextLevel true is asked of objects only", needs="names")
async def next_level_on_objects(cpe: WireCpe) -> None:
    """Looks at all GetParameterNames of a discovery."""
    await cpe.acquainted()
    await cpe.wants("names", path=cpe.root + "DeviceInfo.")
    await cpe.informs("6 CONNECTION REQUEST")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 200:
        seen += 1
        if said.name == "GetParameterNames":
            message = cpe.reading(said)
            leaf = message.parameter_path and not message.parameter_path.endswith(".")
            check(not (message.next_level and leaf), f"NextLevel true for the parameter {message.parameter_path}")
        said = await cpe.answers(said)


@case(NAMES, "cwmp:K-12", "R-8", "K-48", title="Names in any order, the object among them or not", needs="names")
async def names_in_any_order(cpe: WireCpe) -> None:
    """Answers GetParameterNames backwards, with the object itself and with a name twice."""
    await cpe.acquainted()
    handle = await cpe.wants("names", path=cpe.root + "DeviceInfo.")
    await cpe.informs("6 CONNECTION REQUEST")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 400:
        seen += 1
        message = cpe.reading(said)
        reply = rpc.answer(cpe.model, message)
        if said.name == "GetParameterNames" and isinstance(reply, GetParameterNamesResponse):
            listed = reply.parameter_list
            reply = GetParameterNamesResponse((*reversed(listed), *listed[:1]))
        said = await cpe.answers(said, reply)
    check(said.is_empty, f"the discovery ended with {said} after {seen} requests")
    check((await cpe.outcome(handle)).state == "done", "names in another order were not taken")


@case(NAMES, "K-48", "C-55", title="An empty list of names for an object", needs="names")
async def no_names(cpe: WireCpe) -> None:
    """Answers every GetParameterNames with nothing."""
    await cpe.acquainted()
    await cpe.wants("names", path=cpe.root + "DeviceInfo.")
    await cpe.informs("6 CONNECTION REQUEST")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 100:
        seen += 1
        said = await cpe.answers(said, GetParameterNamesResponse(()) if said.name == "GetParameterNames" else None)
    check(seen < 100, "an empty list of names is asked for again and again")
    check(said.is_empty, f"it ended with {said}")


@case(NAMES, "cwmp:K-11", "K-46", "C-58", title="A subtree that cannot be listed is passed over", needs="names")
async def names_refused(cpe: WireCpe) -> None:
    """Refuses every GetParameterNames with 9002; the ACS must come to an end."""
    await cpe.acquainted()
    handle = await cpe.wants("names", path=cpe.root + "DeviceInfo.")
    await cpe.informs("6 CONNECTION REQUEST")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 100:
        seen += 1
        said = await cpe.answers(said, CwmpFault(9002, "no") if said.name == "GetParameterNames" else None)
    check(seen < 100, "a refused GetParameterNames is asked again and again")
    check(said.is_empty, f"it ended with {said}")
    check((await cpe.outcome(handle)).state != "pending", "after refused names the action hangs")
