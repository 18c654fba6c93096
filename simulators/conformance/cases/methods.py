"""GetRPCMethods as the ACS answers it (conformance C.1)."""

from __future__ import annotations

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import case, check
from simulators.conformance.cpe import WireCpe

GROUP = "GetRPCMethods"


async def _methods(cpe: WireCpe) -> list[str]:
    await cpe.informs()
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"GetRPCMethods was answered with {said}")
    assert said.xml.rpc is not None
    found = said.xml.rpc.child("MethodList")
    check(found is not None, "GetRPCMethodsResponse has no MethodList")
    return [node.text.strip() for node in found.children] if found is not None else []


@case(GROUP, "C-10", "C-11", title="The list names what the ACS must answer")
async def mandatory(cpe: WireCpe) -> None:
    """Inform, GetRPCMethods and TransferComplete are on the list of every ACS."""
    found = await _methods(cpe)
    missing = [name for name in ("Inform", "GetRPCMethods", "TransferComplete") if name not in found]
    check(not missing, f"GetRPCMethods of the ACS does not list {', '.join(missing)}")


@case(GROUP, "C-3", title="AutonomousTransferComplete is on the list")
async def autonomous(cpe: WireCpe) -> None:
    """An ACS must take AutonomousTransferComplete from protocol version 1.1 on."""
    cpe.should("AutonomousTransferComplete" in await _methods(cpe), "the list lacks AutonomousTransferComplete")


@case(GROUP, "C-11", title="Only requests are on the list, each once, by bare name")
async def bare_names(cpe: WireCpe) -> None:
    """No response names, no prefixes, nothing twice, at most 64 characters each."""
    found = await _methods(cpe)
    wrong = [name for name in found if name.endswith("Response") or ":" in name or not name or len(name) > 64]
    check(not wrong, f"the list holds {wrong}")
    check(len(found) == len(set(found)), "the list names a method twice")


@case(GROUP, "C-11", "C-5", title="The ACS lists its own methods, not those of the device")
async def own_methods(cpe: WireCpe) -> None:
    """GetParameterValues and its like are methods of a device."""
    foreign = {"GetParameterValues", "SetParameterValues", "GetParameterNames", "Download", "Reboot", "AddObject"} & set(
        await _methods(cpe)
    )
    check(not foreign, f"the list of the ACS names methods of a device: {', '.join(sorted(foreign))}")


@case(GROUP, "C-11", "B-88", title="What is listed is answered, what is not is refused")
async def listed_is_answered(cpe: WireCpe) -> None:
    """Calls TransferComplete, which is listed, and a vendor method, which is not."""
    from simulators.conformance.cases.events import _raw
    from simulators.conformance.cases.sessions import transfer_complete

    found = await _methods(cpe)
    said = await cpe.calls(transfer_complete("listed"))
    check(("TransferComplete" in found) == (said.name == "TransferCompleteResponse"), f"TransferComplete was answered with {said}")
    said = await cpe.post(_raw("X_00A0C5_Ask", "")(cpe))
    check(said.name == "Fault" and said.code == 8000, f"a method that is not listed was answered with {said}")
