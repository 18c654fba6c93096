"""CWMP_Versions: namespaces and the negotiation of a protocol version (conformance B.2, X-1)."""

from __future__ import annotations

from acs.cwmp.messages import GetRPCMethods
from simulators.conformance.case import case, check
from simulators.conformance.cpe import WireCpe
from simulators.conformance.soap import CWMP, SOAP

GROUP = "CWMP_Versions"


def _namespace(minor: int, *cites: str) -> None:
    @case(GROUP, "B-24", "L-30", *cites, name=f"namespace-1-{minor}", title=f"A device that speaks cwmp-1-{minor} is answered in it",
          does=f"Informs and calls GetRPCMethods in {CWMP}{minor}, and reads the namespace of the answers.")  # fmt: skip
    async def same_namespace(cpe: WireCpe) -> None:
        cpe.namespace = f"{CWMP}{minor}"
        for said in (await cpe.informs(), await cpe.calls(GetRPCMethods())):
            check(said.xml.namespace == cpe.namespace, f"the device speaks {cpe.namespace}, it was answered in {said.xml.namespace}")


for _minor in range(5):
    _namespace(_minor, *(("B-2",) if _minor < 3 else ("X-1", "R-12")))
_namespace(7, "B-31", "K-29")


@case(GROUP, "B-24", "B-2", title="Requests of the ACS come in the namespace of the device", needs="read")
async def requests_in_the_namespace(cpe: WireCpe) -> None:
    """A device that speaks cwmp-1-1 is asked for a value."""
    cpe.namespace = CWMP + "1"
    await cpe.wants("read", paths=[cpe.root + "DeviceInfo.UpTime"])
    await cpe.informs("0 BOOTSTRAP")
    said = await cpe.empty()
    check(said.is_request, f"the ACS had something to ask and said {said}")
    check(said.xml.namespace == cpe.namespace, f"the device speaks {cpe.namespace}, it was asked in {said.xml.namespace}")


async def _negotiated(cpe: WireCpe, announced: str, minor: int = 2) -> str | None:
    cpe.namespace = f"{CWMP}{minor}"
    said = await cpe.informs(body=cpe.envelope(cpe.inform(), headers=[("SupportedCWMPVersions", announced, 0)]))
    head = said.xml.head("UseCWMPVersion")
    if head is None:
        cpe.should(False, "no UseCWMPVersion for a device that announced its versions: the ACS is older than protocol version 1.4")
        return None
    cpe.should(head.attributes.get((SOAP, "mustUnderstand")) == "1", "UseCWMPVersion without mustUnderstand=1")
    return head.text.strip()


@case(GROUP, "B-20", "B-21", "L-31", title="The highest common version is chosen")
async def highest_common(cpe: WireCpe) -> None:
    """Announces 1.0,1.2,1.4 and reads UseCWMPVersion, which must be one of them."""
    used = await _negotiated(cpe, "1.0,1.2,1.4")
    check(used in (None, "1.0", "1.2", "1.4"), f"the device announced 1.0,1.2,1.4 and was told to use {used}")
    cpe.should(used in (None, "1.4"), f"the device announced 1.4 and was told to use {used}")


@case(GROUP, "B-20", "R-12", title="Blanks in the list of versions are no matter")
async def blanks_in_list(cpe: WireCpe) -> None:
    """Announces "1.0, 1.1, 1.2, 1.3, 1.4" as a client in the field does."""
    used = await _negotiated(cpe, "1.0, 1.1, 1.2, 1.3, 1.4")
    check(used in (None, "1.0", "1.1", "1.2", "1.3", "1.4"), f"UseCWMPVersion is {used!r}")


@case(GROUP, "B-21", title="Never a version above what the device announced")
async def only_announced(cpe: WireCpe) -> None:
    """Announces 1.0 alone."""
    check(await _negotiated(cpe, "1.0", 0) in (None, "1.0"), "a device that announced 1.0 was told to use another version")


@case(GROUP, "B-24", title="No UseCWMPVersion for a device that announced nothing")
async def not_announced(cpe: WireCpe) -> None:
    """Informs without SupportedCWMPVersions."""
    check((await cpe.informs()).xml.head("UseCWMPVersion") is None, "UseCWMPVersion for a device that announced no versions")


@case(GROUP, "B-25", "L-31", "E-46", title="Without a common version the Inform is refused")
async def no_common_version(cpe: WireCpe) -> None:
    """Announces 2.0 alone: fault 8006 is due, InformResponse is wrong."""
    said = await cpe.post(cpe.envelope(cpe.inform(), headers=[("SupportedCWMPVersions", "2.0", 0)]))
    cpe.should(
        said.name == "Fault" and said.code == 8006, f"without a common version the Inform was answered with {said}, not with fault 8006"
    )
    head = said.xml.head("UseCWMPVersion") if said.name == "InformResponse" else None
    check(head is None or head.text.strip() == "2.0", "the ACS chose a version that the device did not announce")


@case(GROUP, "K-29", title="One namespace in the Inform, another later")
async def namespace_changes(cpe: WireCpe) -> None:
    """Informs in cwmp-1-0 and goes on in cwmp-1-2; the ACS does not refuse."""
    cpe.namespace = CWMP + "0"
    await cpe.informs()
    cpe.namespace = CWMP + "2"
    said = await cpe.calls(GetRPCMethods())
    check(said.name == "GetRPCMethodsResponse", f"a request in another namespace than the Inform's was answered with {said}")
