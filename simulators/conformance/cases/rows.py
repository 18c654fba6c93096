"""Add_Delete: AddObject and DeleteObject of the ACS (conformance C.6, K.1, H-76; quirk K-59)."""

from __future__ import annotations

from acs.cwmp.messages import AddObjectResponse, DeleteObjectResponse, SetParameterValuesResponse
from simulators.conformance.case import case, check
from simulators.conformance.cpe import CwmpFault, Said, WireCpe

GROUP = "Add_Delete"


def table(cpe: WireCpe) -> str:
    """A table rows can be added to: port mappings of the default connection."""
    if cpe.root == "Device.":
        return "Device.NAT.PortMapping."
    return cpe.model.tree.value("InternetGatewayDevice.Layer3Forwarding.DefaultConnectionService").rstrip(".") + ".PortMapping."


async def _adds(cpe: WireCpe, values: list[list[str]] | None = None) -> tuple[object, Said]:
    await cpe.acquainted()
    handle = await cpe.wants("add", table=table(cpe), values=values or [])
    await cpe.informs("6 CONNECTION REQUEST")
    return handle, await cpe.until("AddObject")


@case(GROUP, "C-75", "L-47", title="A row is added", needs="add")
async def adds(cpe: WireCpe) -> None:
    """The ACS is asked for a row; ObjectName is the table with its dot, and the device has one row more."""
    before = len(cpe.model.tree.rows(table(cpe)))
    handle, said = await _adds(cpe)
    message = cpe.reading(said)
    check(message.object_name == table(cpe), f"AddObject names {message.object_name}, not the table {table(cpe)}")
    check(len(message.parameter_key) <= 32, "ParameterKey is longer than 32 characters")
    await cpe.finishes(said)
    check(len(cpe.model.tree.rows(table(cpe))) == before + 1, "the device does not have one row more")
    check((await cpe.outcome(handle)).state == "done", "a row was added, the ACS does not say so")


@case(GROUP, "C-84", "cwmp:K-2", "H-76", "L-87", title="The number the device gives is used", needs="add")
async def uses_the_number(cpe: WireCpe) -> None:
    """Answers AddObject with instance 4711; the values of the new row must go there."""
    handle, said = await _adds(cpe, [["PortMappingDescription", "web", "string"]])
    said = await cpe.answers(said, AddObjectResponse(4711, 0))
    check(said.name == "SetParameterValues", f"after AddObject with values the ACS sent {said}")
    names = [item.name for item in cpe.reading(said).parameter_list]
    check(names and all(name.startswith(f"{table(cpe)}4711.") for name in names), f"the device said 4711, the ACS writes {names}")
    await cpe.finishes(await cpe.answers(said, SetParameterValuesResponse(0)))
    check((await cpe.outcome(handle)).state != "pending", "the action hangs")


@case(GROUP, "C-84", "H-76", title="A row whose values are refused is taken away again", needs="add")
async def takes_back(cpe: WireCpe) -> None:
    """Refuses the values of the new row; DeleteObject of it is due, and the action failed."""
    handle, said = await _adds(cpe, [["PortMappingDescription", "bad", "string"]])
    said = await cpe.answers(said, AddObjectResponse(9, 0))
    seen: list[tuple[str, str]] = []
    while said.is_request and len(seen) < 20:
        seen.append((said.name, getattr(cpe.reading(said), "object_name", "")))
        reply = CwmpFault(9003, "Invalid arguments") if said.name == "SetParameterValues" else None
        said = await cpe.answers(said, DeleteObjectResponse(0) if said.name == "DeleteObject" else reply)
    check((await cpe.outcome(handle)).state == "failed", "a row whose values were refused is told as done")
    cpe.should(("DeleteObject", f"{table(cpe)}9.") in seen, "the row that could not be filled is left behind")


@case(GROUP, "C-77", "cwmp:K-1", title="The largest instance number is understood", needs="add")
async def largest_number(cpe: WireCpe) -> None:
    """Answers AddObject with instance 4294967295."""
    handle, said = await _adds(cpe)
    await cpe.finishes(await cpe.answers(said, AddObjectResponse(4294967295, 0)))
    outcome = await cpe.outcome(handle)
    check(outcome.state in ("done", "failed"), "instance 4294967295 makes the action hang")
    cpe.should("4294967295" in outcome.detail or not outcome.detail, "instance 4294967295 is not told")


@case(GROUP, "C-79", "R-5", title="Status 1: the row is there and not yet at work", needs="add")
async def status_1(cpe: WireCpe) -> None:
    """Answers AddObject with status 1."""
    handle, said = await _adds(cpe)
    await cpe.finishes(await cpe.answers(said, AddObjectResponse(cpe.model.tree.add_row(table(cpe)), 1)))
    check((await cpe.outcome(handle)).state == "done", "status 1 was not taken for a success")


@case(GROUP, "K-59", title="AddObject answered without a usable number", needs="add")
async def no_number(cpe: WireCpe) -> None:
    """Answers AddObject with instance 0, which cannot be; the ACS must not write to it."""
    handle, said = await _adds(cpe, [["PortMappingDescription", "x", "string"]])
    said = await cpe.answers(said, AddObjectResponse(0, 0))
    wrote = said.name == "SetParameterValues" and any(item.name.startswith(f"{table(cpe)}0.") for item in cpe.reading(said).parameter_list)
    cpe.should(not wrote, "the ACS writes to instance 0")
    await cpe.finishes(said)
    check((await cpe.outcome(handle)).state != "pending", "instance 0 makes the action hang")


def _refused(code: int, what: str, *cites: str) -> None:
    @case(GROUP, "C-82", *cites, name=f"add-refused-{code}", title=f"AddObject refused with {code}: {what}", needs="add",
          does=f"Refuses AddObject with {code}; the action fails with that code, once.")  # fmt: skip
    async def refused(cpe: WireCpe) -> None:
        handle, said = await _adds(cpe)
        times = 0
        while said.is_request and times < 10:
            times += said.name == "AddObject"
            said = await cpe.answers(said, CwmpFault(code, what) if said.name == "AddObject" else None)
        check(times < 10, "AddObject is sent again and again")
        check((await cpe.outcome(handle)).state == "failed", "a refused AddObject is not told as failed")


_refused(9004, "the table is full", "E-5")
_refused(9005, "no such table", "E-6")


@case(GROUP, "C-80", "C-81", title="A row is deleted", needs="delete add")
async def deletes(cpe: WireCpe) -> None:
    """The ACS is asked to delete a row; ObjectName is the instance with its dot, and the row is gone."""
    number = cpe.model.tree.add_row(table(cpe))
    await cpe.acquainted()
    handle = await cpe.wants("delete", path=f"{table(cpe)}{number}.")
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("DeleteObject")
    check(cpe.reading(said).object_name == f"{table(cpe)}{number}.", f"DeleteObject names {cpe.reading(said).object_name}")
    await cpe.finishes(said)
    check(number not in cpe.model.tree.rows(table(cpe)), "the row is still there")
    check((await cpe.outcome(handle)).state == "done", "a row was deleted, the ACS does not say so")


@case(GROUP, "C-82", "E-6", title="DeleteObject of a row that is gone", needs="delete")
async def delete_refused(cpe: WireCpe) -> None:
    """Refuses DeleteObject with 9005; the ACS ends, once."""
    await cpe.acquainted()
    handle = await cpe.wants("delete", path=f"{table(cpe)}77.")
    await cpe.informs("6 CONNECTION REQUEST")
    said = await cpe.until("DeleteObject")
    times = 0
    while said.is_request and times < 10:
        times += said.name == "DeleteObject"
        said = await cpe.answers(said, CwmpFault(9005, "no such row") if said.name == "DeleteObject" else None)
    check(times < 10, "DeleteObject is sent again and again")
    check((await cpe.outcome(handle)).state != "pending", "a refused DeleteObject makes the action hang")
