"""The declarations against two references: spyne's own decoder, which must agree with ours, and the schemas, which what we send must fit."""

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
from acs.cwmp.messages import ARRAY, CLASSES, FIELDS, STRUCT, TEXT, VALUE, EventStruct, Inform, ParameterInfoStruct, ParameterValueStruct
from tests.acs.cwmp.envelopes import DATA, inform, shared_file, value
from tests.acs.cwmp.strategies import ANY_MESSAGE, RPC_NAMES

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
    return _ours(spyne_xml().from_element(None, models(namespace)[name], rpc), name)


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
    CwmpFault(8003, "why"),
    CwmpFault(9003, "Invalid arguments", (ParameterFault("Device.X", 9007, "too large"), ParameterFault("Device.Y", 9005))),
)


@pytest.mark.cwmp("B-3", "B-40", "B-41")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
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


@pytest.mark.parametrize("name", FIELDS)
def test_lengths_and_order_are_those_of_the_schema(name):
    declared = _schema_fields(name)
    if declared is not None:
        assert [field.xml for field in FIELDS[name]] == declared


def _schema_fields(name: str) -> list[str] | None:
    """Element names in order, of the message or struct in cwmp-1-0; None for what it does not declare."""
    root = etree.parse(XSD / "cwmp-1-0.xsd").getroot()
    found = root.xpath(f"*[@name='{name}']/descendant-or-self::*[local-name()='sequence'][1]", namespaces=root.nsmap)
    return [element.get("name") for element in found[0].iterfind("{*}element")] if found else None
