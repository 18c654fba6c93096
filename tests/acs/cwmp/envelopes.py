"""Envelopes as text, to be bent by the tests: one plain Inform, one plain body, and the files of tests/data/cwmp."""

from pathlib import Path

DATA = Path(__file__).parents[2] / "data"
CAPTURED = sorted((DATA / "cwmp").glob("*.xml"))

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CWMP_1_0 = "urn:dslforum-org:cwmp-1-0"


def envelope(body: str, header: str = "", namespace: str = CWMP_1_0) -> bytes:
    """A body and a header in an envelope with the usual prefixes."""
    return (
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xmlns:cwmp="{namespace}"><soap:Header>{header}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>'
    ).encode()


def id_header(text: str) -> str:
    return f'<cwmp:ID soap:mustUnderstand="1">{text}</cwmp:ID>'


def inform(
    *, events: str = "<EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct>", values: str = "",
    header: str = "", namespace: str = CWMP_1_0, retry_count: str = "0", serial: str = "SN123",
) -> bytes:  # fmt: skip
    return envelope(
        "<cwmp:Inform><DeviceId><Manufacturer>Zyxel</Manufacturer><OUI>00A0C5</OUI><ProductClass>Router</ProductClass>"
        f'<SerialNumber>{serial}</SerialNumber></DeviceId><Event soapenc:arrayType="cwmp:EventStruct[1]">{events}</Event>'
        f"<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-03-01T10:00:00+01:00</CurrentTime><RetryCount>{retry_count}</RetryCount>"
        f'<ParameterList soapenc:arrayType="cwmp:ParameterValueStruct[1]">{values}</ParameterList></cwmp:Inform>',
        header, namespace,
    )  # fmt: skip


def value(text: str, attributes: str = ' xsi:type="xsd:string"', name: str = "Device.X.Y") -> str:
    return f"<ParameterValueStruct><Name>{name}</Name><Value{attributes}>{text}</Value></ParameterValueStruct>"


def values_response(items: str) -> bytes:
    return envelope(
        f"<cwmp:GetParameterValuesResponse><ParameterList>{items}</ParameterList></cwmp:GetParameterValuesResponse>", id_header("hl1")
    )


def shared_file(name: str) -> bytes:
    return (DATA / "cwmp" / name).read_bytes()
