"""SetParameterValues and SetParameterAttributes of the ACS (conformance C.2, C.5; quirks K-41, K-42, K-54, R-6)."""

from __future__ import annotations

from acs.cwmp.messages import SetParameterValuesResponse
from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe
from simulators.conformance.soap import XSI, array_count

VALUES, ATTRIBUTES = "SetParameterValues", "SetParameterAttributes"


async def _writes(cpe: WireCpe, *values: list[str]) -> tuple[object, Said]:
    """(handle, request): a known device's session up to the write."""
    await cpe.acquainted()
    handle = await cpe.wants("write", values=list(values))
    await cpe.informs("6 CONNECTION REQUEST")
    path = values[0][0]
    return handle, await cpe.until("SetParameterValues", lambda message: any(item.name == path for item in message.parameter_list))


@case(VALUES, "C-4", "C-20", "C-29", "B-51", title="A value that is asked for is written", needs="write")
async def writes(cpe: WireCpe) -> None:
    """The ACS is asked to write two parameters; the device has them then, and the ACS says so."""
    code, interval = cpe.root + "DeviceInfo.ProvisioningCode", cpe.model.management("PeriodicInformInterval")
    handle, said = await _writes(cpe, [code, "written", "string"], [interval, "4321", "unsignedInt"])
    await cpe.finishes(said)
    check((cpe.model.tree.value(code), cpe.model.tree.value(interval)) == ("written", "4321"), "the device does not have what was written")
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"the write is {outcome.state}: {outcome.detail}")


@case(VALUES, "C-20", "B-7", "B-40", "B-41", title="The request has ParameterList and ParameterKey in order, counted", needs="write")
async def form(cpe: WireCpe) -> None:
    """Reads the parts of the request."""
    _, said = await _writes(cpe, [cpe.root + "DeviceInfo.ProvisioningCode", "x", "string"])
    rpc = said.xml.rpc
    assert rpc is not None
    check(
        [node.name for node in rpc.children] == ["ParameterList", "ParameterKey"], f"the request has {[node.name for node in rpc.children]}"
    )
    check(len(rpc.value("ParameterKey")) <= 32, "ParameterKey is longer than 32 characters")
    kind, count = array_count(rpc.children[0])
    check(kind.endswith(":ParameterValueStruct"), f"ParameterList has the arrayType {kind!r}")
    check(count == len(rpc.children[0].children), f"arrayType counts {count}, there are {len(rpc.children[0].children)}")


@case(VALUES, "B-50", "B-51", title="Values carry the type of the data model", needs="write")
async def types(cpe: WireCpe) -> None:
    """Reads xsi:type of an unsignedInt, a boolean and a string."""
    given = {
        cpe.model.management("PeriodicInformInterval"): ("500", "unsignedInt"),
        cpe.model.management("PeriodicInformEnable"): ("1", "boolean"),
        cpe.root + "DeviceInfo.ProvisioningCode": ("x", "string"),
    }
    _, said = await _writes(cpe, *([path, value, kind] for path, (value, kind) in given.items()))
    assert said.xml.rpc is not None
    for item in said.xml.rpc.children[0].children:
        value = item.child("Value")
        assert value is not None
        kind = value.attributes.get((XSI, "type"), "").rpartition(":")[2]
        if item.value("Name") in given:
            check(kind == given[item.value("Name")][1], f"{item.value('Name')} is sent as {kind!r}")


@case(VALUES, "C-24", "C-25", title="Full names, none twice", needs="write")
async def full_names(cpe: WireCpe) -> None:
    """Looks at all writes a new device gets."""
    await cpe.wants("write", values=[[cpe.root + "DeviceInfo.ProvisioningCode", "x", "string"]])
    await cpe.informs("0 BOOTSTRAP")
    said, seen = await cpe.empty(), 0
    while said.is_request and seen < 60:
        seen += 1
        if said.name == "SetParameterValues":
            names = [item.name for item in cpe.reading(said).parameter_list]
            check(len(names) == len(set(names)), "a write names a parameter twice")
            check(not [name for name in names if name.endswith(".")], "a write names an object")
            check(len(names) <= 256, f"{len(names)} parameters in one write")
        said = await cpe.answers(said)


def _text(name: str, cites: tuple[str, ...], title: str, text: str) -> None:
    @case(
        VALUES,
        *cites,
        name=f"text-{name}",
        title=title,
        needs="write",
        does=f"The ACS is asked to write {text!r}; the device must get exactly that.",
    )
    async def arrives(cpe: WireCpe) -> None:
        path = cpe.root + "DeviceInfo.ProvisioningCode"
        _, said = await _writes(cpe, [path, text, "string"])
        found = next(item.value for item in cpe.reading(said).parameter_list if item.name == path)
        check(found == text, f"{text!r} was to be written, the device got {found!r}")


_text("markup", ("B-70", "L-38"), "Markup is escaped", "<a>&\"'</a>")
_text("unicode", ("A-16",), "Letters of many scripts arrive", "Bücher 漢字 🏠")
_text("blanks", ("B-59",), "Blanks are kept", " two  blanks ")
_text("long", ("B-61",), "Sixty-four characters arrive", "x" * 64)


@case(VALUES, "C-22", "C-32", "K-54", title="A refused write is not half a success", needs="write")
async def atomic(cpe: WireCpe) -> None:
    """Refuses every write with 9001; the ACS tells that it failed and the device is unchanged."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    handle, said = await _writes(cpe, [path, "refused", "string"])
    times = 0
    while said.is_request and times < 20:
        times += said.name == "SetParameterValues"
        said = await cpe.answers(said, CwmpFault(9001, "Request denied") if said.name == "SetParameterValues" else None)
    check(times < 20, "a refused write is sent again and again")
    check((await cpe.outcome(handle)).state == "failed", "a refused write is not told as failed")


@case(VALUES, "R-6", "K-42", title="A value that does not hold is noticed", needs="write")
async def does_not_hold(cpe: WireCpe) -> None:
    """Answers status 0 and keeps the old value, as a client in the field does."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    cpe.model.tree.put(path, "as before")
    handle, said = await _writes(cpe, [path, "new", "string"])
    times = 0
    while said.is_request and times < 40:
        times += 1
        mine = said.name == "SetParameterValues" and any(item.name == path for item in cpe.reading(said).parameter_list)
        said = await cpe.answers(said, SetParameterValuesResponse(0) if mine else None)
    check(times < 40, "a value that does not hold is written again and again")
    outcome = await cpe.outcome(handle)
    cpe.should(outcome.state == "failed" or "as before" in outcome.detail, "that the value did not hold is not noticed")


@case(VALUES, "K-41", "B-69", title="A password that reads back empty is no failure", needs="write")
async def hidden_value(cpe: WireCpe) -> None:
    """The ACS is asked to write ConnectionRequestPassword, which reads back empty."""
    path = cpe.model.management("ConnectionRequestPassword")
    handle, said = await _writes(cpe, [path, "s3cr3t-value", "string"])
    await cpe.finishes(said)
    outcome = await cpe.outcome(handle)
    check(outcome.state == "done", f"a hidden value was written, the ACS says {outcome.state}: {outcome.detail}")
    check("s3cr3t-value" not in outcome.detail, "the password is told in clear")


@case(VALUES, "K-56", title="Status 0 and a reboot all the same", needs="write")
async def reboots_anyway(cpe: WireCpe) -> None:
    """Answers the write and comes back with 1 BOOT in a new session instead of going on."""
    handle, said = await _writes(cpe, [cpe.root + "DeviceInfo.ProvisioningCode", "boot", "string"])
    data = cpe.request(cpe.envelope(SetParameterValuesResponse(0), said.xml.id))
    cpe.model.tree.put(cpe.root + "DeviceInfo.ProvisioningCode", "boot")
    line = await cpe.line()
    line.send(data)
    await cpe.pause(0.3)
    cpe.hang_up(cut=True)
    await cpe.informs("1 BOOT")
    await cpe.finishes()
    check((await cpe.outcome(handle, 5.0)).state in ("done", "failed", "pending"), "the ACS lost the action")


@case(ATTRIBUTES, "C-60", "C-62", "B-40", title="Notification is set with all flags", needs="attributes")
async def attributes(cpe: WireCpe) -> None:
    """The ACS is asked to watch a parameter; reads the struct it sends, and the device watches then."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    await cpe.acquainted()
    handle = await cpe.wants("attributes", paths=[path], notification=1)
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("SetParameterAttributes")
    rpc = said.xml.rpc
    assert rpc is not None
    for item in rpc.children[0].children:
        found = [node.name for node in item.children]
        check(found == ["Name", "NotificationChange", "Notification", "AccessListChange", "AccessList"], f"the struct has {found}")
    kind, count = array_count(rpc.children[0])
    check(kind.endswith(":SetParameterAttributesStruct") and count == len(rpc.children[0].children), f"the array is {kind}[{count}]")
    await cpe.finishes(said)
    check((await cpe.outcome(handle)).state == "done", "notification was set, the ACS does not say so")


@case(ATTRIBUTES, "C-66", "L-49", "R-20", "E-10", title="9009 is told, not repeated", needs="attributes")
async def attributes_refused(cpe: WireCpe) -> None:
    """Refuses with 9009: notification request rejected."""
    await cpe.acquainted()
    handle = await cpe.wants("attributes", paths=[cpe.root + "DeviceInfo.ProvisioningCode"], notification=2)
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("SetParameterAttributes")
    times = 0
    while said.is_request and times < 20:
        times += 1
        said = await cpe.answers(said, CwmpFault(9009, "Notification request rejected") if said.name == "SetParameterAttributes" else None)
    check(times < 20, "a refused notification is asked for again and again")
    check((await cpe.outcome(handle)).state == "failed", "a refused notification is not told as failed")


@case(ATTRIBUTES, "R-3", title="An empty POST for SetParameterAttributes does not end everything", needs="attributes read")
async def attributes_unanswered(cpe: WireCpe) -> None:
    """Posts empty instead of answering, as a client in the field does with attributes."""
    await cpe.acquainted()
    handle = await cpe.wants("attributes", paths=[cpe.root + "DeviceInfo.ProvisioningCode"], notification=1)
    await cpe.informs("6 CONNECTION REQUEST")
    await cpe.until("SetParameterAttributes")
    said = await cpe.empty()
    await cpe.finishes(said)
    check((await cpe.outcome(handle, 3.0)).state != "done", "an empty answer was reported as success")


@case("Events_Informs", "D-63", "cwmp:K-40", "L-50", title="A watched value that changes is taken from the Inform", needs="attributes")
async def watched_value(cpe: WireCpe) -> None:
    """After active notification was set, the device informs with 4 VALUE CHANGE and the new value; the session goes on."""
    path = cpe.root + "DeviceInfo.ProvisioningCode"
    await cpe.acquainted()
    await cpe.wants("attributes", paths=[path], notification=2)
    await cpe.informs("6 CONNECTION REQUEST")
    await cpe.finishes()
    cpe.model.change(path, "changed on the LAN side")
    await cpe.informs("4 VALUE CHANGE")
    await cpe.finishes()
