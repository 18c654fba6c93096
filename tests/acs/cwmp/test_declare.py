"""The declarations against two references: spyne's own decoder, which must agree with ours, and the schemas, which what we send must fit."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from acs.cwmp import messages as m
from acs.cwmp.codec import decode, encode
from acs.cwmp.declare import RPCS, declare
from acs.cwmp.faults import CwmpFault, ParameterFault
from acs.cwmp.messages import (
    ARRAY,
    CLASSES,
    FIELDS,
    MANY,
    STRUCT,
    TEXT,
    VALUE,
    EventStruct,
    Inform,
    ParameterInfoStruct,
    ParameterValueStruct,
)
from tests.acs.cwmp.envelopes import DATA, inform, shared_file, value
from tests.acs.cwmp.strategies import ANY_MESSAGE, RPC_NAMES

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
CWMP_1_0, CWMP_1_1, CWMP_1_2 = (f"urn:dslforum-org:cwmp-1-{minor}" for minor in range(3))


# ---- spyne -----------------------------------------------------------------------------------------------------


@cache
def models(namespace: str) -> dict[str, Any]:
    return declare(namespace)


@cache
def spyne_xml() -> Any:
    from spyne.protocol.xml import XmlDocument

    return XmlDocument(parse_xsi_type=False)


def read_by_spyne(body: bytes, namespace: str) -> Any:
    """The first element of the SOAP body as spyne reads it, in our dataclasses."""
    rpc = etree.fromstring(body).find("{*}Body")[0]
    name = etree.QName(rpc).localname
    return _read(rpc, namespace, name)


def _read(node: Any, namespace: str, name: str) -> Any:
    """spyne is told the class of each operation on modules: it finds one by xsi:type only within an application."""
    got = _ours(spyne_xml().from_element(None, models(namespace)[name], node), name)
    for field in FIELDS[name]:
        if field.kind == MANY and len(field.of) > 1:
            items = [_read(item, namespace, item.get(XSI_TYPE).rpartition(":")[2]) for item in node.iterfind(field.xml)]
            got = replace(got, **{field.attribute: tuple(items)})
    return got


def _ours(theirs: Any, name: str) -> Any:
    given: dict[str, Any] = {}
    for field in FIELDS[name]:
        got = getattr(theirs, field.xml, None)
        if field.kind == VALUE:
            kind = (got.type if got is not None else None) or "string"
            given |= {"value": (got.text if got is not None else None) or "", "type": kind.rpartition(":")[2]}
        elif field.kind == ARRAY:
            items = (getattr(got, field.item) if got is not None else None) or []
            given[field.attribute] = tuple((item or "") if field.of is str else _ours(item, field.of.__name__) for item in items)
        elif field.kind == MANY:
            given[field.attribute] = tuple(_ours(item, field.of[0].__name__) for item in got or []) if len(field.of) == 1 else ()
        elif field.kind == STRUCT:
            given[field.attribute] = _ours(got, field.of.__name__)
        else:
            given[field.attribute] = (got or "") if field.kind == TEXT else got
    return CLASSES[name](**given)


@settings(max_examples=200, deadline=None)
@given(ANY_MESSAGE)
def test_spyne_reads_what_we_encode_as_we_do(message):
    body = encode(message, "1", CWMP_1_2)
    assert read_by_spyne(body, CWMP_1_2) == decode(body).message == message


@pytest.mark.parametrize(
    "name",
    [
        "easycwmp-inform.xml",
        "icwmp-inform.xml",
        "genieacs-sim-inform.xml",
        "mikrotik-inform.xml",
        "mikrotik-transfer-complete.xml",
        "netcwmp-download-response.xml",
        "orange-values.xml",
    ],
)
def test_spyne_reads_an_odd_clients_envelope_as_we_do(name):
    body = shared_file(name)
    got = decode(body)
    assert read_by_spyne(body, got.namespace) == got.message


@pytest.mark.parametrize("body", [inform(), inform(values=value("&lt;a&gt;") + value("1", ' xsi:type="xsd:boolean"')), inform(events="")])
def test_spyne_reads_a_plain_inform_as_we_do(body):
    assert read_by_spyne(body, CWMP_1_0) == decode(body).message


def test_every_rpc_has_its_request_and_its_response():
    assert {rpc.name for rpc in RPCS} | {rpc.name + "Response" for rpc in RPCS} == set(RPC_NAMES)


# ---- the schemas -----------------------------------------------------------------------------------------------

XSD = DATA / "xsd"
VERSIONS = {"1-0": CWMP_1_0, "1-1": CWMP_1_1, "1-2": CWMP_1_2, "1-3": CWMP_1_2, "1-4": CWMP_1_2}


class _LocalFiles(etree.Resolver):
    """Gives the remote locations of the schemas from tests/data/xsd; anything else is refused."""

    def resolve(self, url: str, pubid: Any, context: Any) -> Any:
        if "schemas.xmlsoap.org/soap/" in url:
            return self.resolve_filename(str(XSD / "soap" / f"soap-{url.rstrip('/').rpartition('/')[2]}.xsd"), context)
        name = Path(url).name
        if not (XSD / name).exists():
            raise AssertionError(f"{url} is not among the test data")
        return self.resolve_filename(str(XSD / name), context)


@cache
def schema(version: str) -> Any:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_LocalFiles())
    wrapper = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:hearthline:test">'
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/envelope/" schemaLocation="http://schemas.xmlsoap.org/soap/envelope/"/>'
        '<xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/" schemaLocation="http://schemas.xmlsoap.org/soap/encoding/"/>'
        f'<xs:import namespace="{VERSIONS[version]}" schemaLocation="http://www.broadband-forum.org/cwmp/cwmp-{version}.xsd"/></xs:schema>'
    )
    return etree.XMLSchema(etree.fromstring(wrapper.encode(), parser))


def fits(body: bytes, version: str) -> None:
    """The whole envelope fits the schema of its version, and its RPC is one the schema declares: Body itself is lax."""
    document = etree.fromstring(body)
    schema(version).assertValid(document)
    rpc = etree.QName(document.find("{*}Body")[0])
    declared = {element.get("name") for name in _files(version) for element in etree.parse(XSD / name).getroot().iterfind("{*}element")}
    assert rpc.localname == "Fault" or (rpc.namespace == VERSIONS[version] and rpc.localname in declared)


def _files(version: str) -> list[str]:
    return {"1-3": ["cwmp-1-3.xsd", "cwmp-1-2.xsd"], "1-4": ["cwmp-1-4.xsd", "cwmp-1-3.xsd", "cwmp-1-2.xsd"]}.get(
        version, [f"cwmp-{version}.xsd"]
    )


TIME = "2026-03-01T10:00:00Z"
VALUES = tuple(
    ParameterValueStruct(f"Device.X.{kind}", text, kind)
    for kind, text in {
        "string": "<a> & b", "int": "-1", "unsignedInt": "1", "long": "-9", "unsignedLong": "9", "boolean": "1", "dateTime": TIME,
        "base64Binary": "QQ==", "base64": "QQ==", "hexBinary": "FF", "decimal": "1.5",
    }.items()
)  # fmt: skip

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
DU_FIELDS = (
    UUID,
    "Device.SoftwareModules.DeploymentUnit.1.",
    "2",
    "Failed",
    False,
    "",
    TIME,
    TIME,
    m.DeploymentUnitFaultStruct(9022, "odd"),
)

EXAMPLES = (
    m.GetRPCMethods(),
    m.GetRPCMethodsResponse(m.ACS_METHODS),
    Inform(m.DeviceIdStruct("Zyxel", "00A0C5", "", "1"), (EventStruct("1 BOOT", ""), EventStruct("M Reboot", "r7")), 1, TIME, 0, VALUES),
    Inform(m.DeviceIdStruct("Zyxel", "00A0C5", "", "1"), (), 1, TIME, 0, ()),
    m.InformResponse(1),
    m.SetParameterValues(VALUES, "key"),
    m.SetParameterValues(),
    m.SetParameterValuesResponse(1),
    m.GetParameterValues(("Device.", "Device.X.Y")),
    m.GetParameterValuesResponse(VALUES),
    m.GetParameterNames("Device.", True),
    m.GetParameterNamesResponse((ParameterInfoStruct("Device.", False), ParameterInfoStruct("Device.X", True))),
    m.SetParameterAttributes((m.SetParameterAttributesStruct("Device.X", True, 2, False, ()),)),
    m.SetParameterAttributesResponse(),
    m.GetParameterAttributes(("Device.X",)),
    m.GetParameterAttributesResponse((m.ParameterAttributeStruct("Device.X", 1, ("Subscriber",)),)),
    m.AddObject("Device.T.", "key"),
    m.AddObjectResponse(3, 0),
    m.DeleteObject("Device.T.3.", "key"),
    m.DeleteObjectResponse(0),
    m.Reboot("r7"),
    m.RebootResponse(),
    m.FactoryReset(),
    m.FactoryResetResponse(),
    m.Download("k", "1 Firmware Upgrade Image", "https://files/x", "", "", 1024, "x.bin", 0, "", ""),
    m.DownloadResponse(1, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    m.Upload("k", "2 Vendor Log File", "https://files/x", "", "", 0),
    m.UploadResponse(0, TIME, TIME),
    m.TransferComplete("k", m.FaultStruct(9010, "failed"), TIME, TIME),
    m.TransferComplete("k", m.FaultStruct(0, ""), TIME, TIME),
    m.TransferCompleteResponse(),
    m.ScheduleInform(120, "s1"),
    m.ScheduleInformResponse(),
    m.ScheduleDownload(
        "k",
        "1 Firmware Upgrade Image",
        "https://files/x",
        "",
        "",
        7,
        "",
        (m.TimeWindowStruct(0, 60, "1 At Any Time", "", 0), m.TimeWindowStruct(60, 90, "X HEARTHLINE night", "soon", -1)),
    ),
    m.ScheduleDownloadResponse(),
    m.CancelTransfer("k"),
    m.CancelTransferResponse(),
    m.GetQueuedTransfers(),
    m.GetQueuedTransfersResponse((m.QueuedTransferStruct("k", 2),)),
    m.GetAllQueuedTransfers(),
    m.GetAllQueuedTransfersResponse((m.AllQueuedTransferStruct("k", 1, True, "1 Firmware Upgrade Image", 7, "t"),)),
    m.SetVouchers(("QQ==", "A" * 400)),
    m.SetVouchersResponse(),
    m.GetOptions("VoIP"),
    m.GetOptionsResponse((m.OptionStruct("VoIP", 7, 3, 2, TIME, "", 1), m.OptionStruct("X", 7, 0, 0, TIME, TIME, 0))),
    m.ChangeDUState((m.InstallOpStruct("https://files/x", UUID), m.UpdateOpStruct(version="2"), m.UninstallOpStruct(UUID)), "k"),
    m.ChangeDUState((m.InstallOpStruct("https://files/x", UUID, "u", "p", "Device.SoftwareModules.ExecEnv.1"), m.UpdateOpStruct()), ""),
    m.ChangeDUStateResponse(),
    m.DUStateChangeComplete((m.OpResultStruct(*DU_FIELDS),), "k"),
    m.DUStateChangeCompleteResponse(),
    m.AutonomousDUStateChangeComplete((m.AutonOpResultStruct(*DU_FIELDS, "Update"),)),
    m.AutonomousDUStateChangeCompleteResponse(),
    m.AutonomousTransferComplete("a", "t", True, "1 Firmware Upgrade Image", 7, "", m.FaultStruct(), TIME, TIME),
    m.AutonomousTransferCompleteResponse(),
    m.RequestDownload("2 Web Content", (m.ArgStruct("n", "v"),)),
    m.RequestDownloadResponse(),
    m.Kicked("c", "r", "a", "n"),
    m.KickedResponse("n"),
    CwmpFault(8003, "why"),
    CwmpFault(9003, "Invalid arguments", (ParameterFault("Device.X", 9007, "too large"), ParameterFault("Device.Y", 9005))),
)


def _is_in(message: Any, version: str) -> bool:
    return m.SINCE.get(type(message).__name__.removesuffix("Response"), "1.0") <= version.replace("-", ".")


@pytest.mark.cwmp("B-27")
@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_of_a_version_has_exactly_the_methods_we_say_it_has(version):
    declared = {element.get("name") for name in _files(version) for element in etree.parse(XSD / name).getroot().iterfind("{*}element")}
    assert {rpc.name for rpc in RPCS if rpc.name in declared} == {rpc.name for rpc in RPCS if rpc.since <= version.replace("-", ".")}


@pytest.mark.cwmp("B-3", "B-40", "B-41", "B-44")
@pytest.mark.parametrize(
    ("version", "message"),
    [(version, message) for version in VERSIONS for message in EXAMPLES if _is_in(message, version)],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_what_we_send_fits_the_schema_of_its_version(version, message):
    fits(encode(message, "hl1", VERSIONS[version], hold=True), version)


def test_the_examples_name_every_message():
    assert {type(message).__name__ for message in EXAMPLES} == {*RPC_NAMES, "CwmpFault"}


@pytest.mark.cwmp("B-21")
def test_the_chosen_version_fits_the_schema_of_1_4():
    fits(encode(m.InformResponse(1), "1", CWMP_1_2, extra_headers=[("UseCWMPVersion", "1.4", 1)]), "1-4")


@pytest.mark.cwmp("B-20")
def test_the_versions_of_a_cpe_fit_the_schema_of_1_4():
    fits(encode(EXAMPLES[2], "1", CWMP_1_2, extra_headers=[("SupportedCWMPVersions", "1.0,1.2,1.4", 0)]), "1-4")


@pytest.mark.cwmp("B-30", "I-30")
@pytest.mark.parametrize("version", ["1-2", "1-3", "1-4"])
def test_an_upload_by_instance_fits_the_schemas_from_1_2_on(version):
    fits(encode(m.Upload("k", "3 Vendor Configuration File 1", "https://files/x"), "1", CWMP_1_2), version)


@pytest.mark.cwmp("B-30")
def test_an_upload_by_instance_does_not_fit_the_schema_of_1_0():
    with pytest.raises(etree.DocumentInvalid):
        fits(encode(m.Upload("k", "3 Vendor Configuration File 1", "https://files/x"), "1", CWMP_1_0), "1-0")


@pytest.mark.cwmp("E-46")
def test_the_fault_of_no_common_version_fits_the_schema_of_1_4():
    fits(encode(CwmpFault(8006), "1", CWMP_1_2), "1-4")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fault_code_of_neither_side_does_not_fit(version):
    with pytest.raises(etree.DocumentInvalid):
        fits(encode(CwmpFault(7), "1", VERSIONS[version]), version)


def test_the_schema_refuses_what_it_should():
    body = encode(m.Reboot("k"), "1", CWMP_1_0)
    with pytest.raises(etree.DocumentInvalid):
        fits(body.replace(b"<CommandKey>k</CommandKey>", b""), "1-0")


@pytest.mark.cwmp(
    "C-10", "C-20", "C-21", "C-40", "C-50", "C-60", "C-61", "C-75", "C-80", "C-90", "C-91", "C-110", "C-120", "C-126", "C-130", "C-131", "C-133",
    "C-134", "C-137", "C-140", "C-143", "C-150", "C-155", "C-156", "C-157", "C-158", "C-160", "C-162", "C-170", "C-171", "D-1", "B-6",
)  # fmt: skip
@pytest.mark.parametrize("name", FIELDS)
def test_names_order_and_lengths_are_those_of_the_schema(name):
    declared = _schema_fields(name)
    assert [(field.xml, field.max_len) for field in FIELDS[name]] == declared


_NAMED = {"FaultStruct": "TransferCompleteFaultStruct"}
"""Structs that have a name of their own here."""


def _schema_fields(name: str) -> list[tuple[str, int | None]]:
    """Element names in order with their longest text, of the message or struct in the newest schema that declares it."""
    root = etree.parse(XSD / "cwmp-1-2.xsd").getroot()
    (found,) = root.xpath(f"*[@name='{_NAMED.get(name, name)}']")
    base = found.xpath(".//*[local-name()='extension']/@base")
    above = _schema_fields(base[0].rpartition(":")[2]) if base and base[0].startswith("tns:") else []
    return above + [(element.get("name"), _longest(root, element)) for element in found.xpath(".//*[local-name()='sequence'][1]/*[@name]")]


def _longest(root: Any, element: Any) -> int | None:
    limit = element.xpath(".//*[local-name()='maxLength' or local-name()='length']/@value")
    limit = limit or [pattern[-2] for pattern in element.xpath(".//*[local-name()='pattern']/@value") if pattern == "[0-9A-F]{6}"]
    named = (element.get("type") or "").rpartition(":")
    if not limit and named[0] == "tns":
        limit = root.xpath(f"*[local-name()='simpleType'][@name='{named[2]}']//*[local-name()='maxLength']/@value")
    return int(limit[0]) if limit else None
