"""Envelopes to messages and back, by the tables of messages.py.

Decoding tolerates what the field does and names each tolerance in `Envelope.tolerances`; encoding is strict: prefixes SOAP-ENV,
SOAP-ENC and cwmp, no XML declaration (two clients in the field drop a message that has one, R-1 and R-2), argument elements without
namespace, booleans as 0 and 1, the namespace the CPE used. A DTD is refused before anything is parsed (conformance B-9, J-5); an encoding
that could hide one is not read. The parser resolves no entity and stops at 256 levels, 10 MB of one text and MOST_ELEMENTS.
Tests: tests/acs/cwmp/test_codec.py; against spyne and the BBF schemas: test_declare.py.
"""

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml import etree

from acs.cwmp.faults import AcsProtocolError, CpeProtocolError, CwmpFault, ParameterFault, SoapFault
from acs.cwmp.messages import (
    ARRAY,
    CLASSES,
    FIELDS,
    FLAG,
    INT,
    MANY,
    STRUCT,
    TEXT,
    UINT,
    VALUE,
    Field,
    ParameterInfoStruct,
    ParameterValueStruct,
)

SOAP_NS = "http://schemas.xmlsoap.org/soap/envelope/"
ENC_NS = "http://schemas.xmlsoap.org/soap/encoding/"
XSD_NS = "http://www.w3.org/2001/XMLSchema"
XSI_NS = "http://www.w3.org/2001/XMLSchema-instance"
CWMP_1_0 = "urn:dslforum-org:cwmp-1-0"

_CWMP_NS = re.compile(r"urn:dslforum-org:cwmp-[0-9]{1,4}-[0-9]{1,4}")
_XSI_TYPE = f"{{{XSI_NS}}}type"
_DTD = re.compile(rb"(?:[\s\0]|\xef\xbb\xbf|<\?.*?\?>|<!--.*?-->)*+<!", re.S)
"""A declaration before the root element: only there can a document have one, and a value may quote one (conformance B-70)."""
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#\d{1,7}|#x[0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos);)")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROL_REFERENCE = re.compile(rb"&#(?:x0*(?:[0-8BbCcEeFf]|1[0-9A-Fa-f])|0*(?:[0-8]|1[124-9]|2\d|3[01]));")
_DECLARED_ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")
_ANY_TEXT = re.compile(r"[&<>]")
_ENDS = re.compile(r"</(?:[\w.-]+:)?Envelope\s*>$")
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_NAME = re.compile(r"[A-Za-z_][\w.-]*", re.A)
_DECLARATION = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_CONTROL_OCTETS = bytes(octet for octet in range(32) if octet not in b"\t\n\r")
MOST_ELEMENTS = 400_000
"""Start and end tags in one message: over 60,000 parameters (quirk K-32), decoded within a second."""
_MOST_REPAIRS = 100_000
_MOST_NAMESPACES = 100
"""In scope of a vendor's method that is to be kept as text: lxml takes quadratic time to declare them anew."""
_CHARSETS = re.compile(
    r"utf-?(?:8|16(?:-?[lb]e)?)|(?:us-)?ascii|iso[-_]?8859[-_]?\d{1,2}|latin-?[1-9]|(?:windows-|cp)\d{3,4}|gbk|gb2312|gb18030|big5", re.I
)
"""Character sets we let a Content-Type name; Python knows codecs that unpack, run in quadratic time, or are no charset."""


@dataclass(frozen=True, slots=True)
class Headers:
    """What a SOAP header may say (conformance A.6). `session_timeout_s` and the versions only if given."""

    hold_requests: bool = False
    session_timeout_s: int | None = None
    supported_versions: tuple[str, ...] = ()
    use_version: str = ""


@dataclass(frozen=True, slots=True)
class UnknownRpc:
    """A body whose RPC we do not know: a call is to be answered 8000 (conformance B-88), a response may be a vendor method's. `xml` is all of it."""

    name: str
    xml: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class RawRpc:
    """A vendor's own method, sent as it is (conformance C-6). `raw_rpc` makes one and checks it."""

    name: str
    xml: str


_VENDOR_NAME = re.compile(r"X_[A-Za-z0-9][\w.-]{0,60}", re.A)


def raw_rpc(xml: str) -> RawRpc:
    """A vendor method from the XML of its element. The prefixes cwmp, xsd, xsi and SOAP-ENC are declared around it.

    ValueError in words for what is no single well-formed element, carries a DTD, or has a name that is not a vendor's (`X_…`).
    """
    text = xml.strip()
    if "<!" in text.replace("<![CDATA[", "").replace("<!--", "") or _NOT_XML.search(text):
        raise ValueError("a vendor method may hold no declaration and no character that XML cannot carry")
    scope = f'xmlns:SOAP-ENC="{ENC_NS}" xmlns:xsd="{XSD_NS}" xmlns:xsi="{XSI_NS}" xmlns:cwmp="{CWMP_1_0}"'
    try:
        around = etree.fromstring(f"<around {scope}>{text}</around>".encode(), _PARSERS.strict)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"not well-formed XML: {(error.msg or '').partition(', line ')[0][:160]}") from None  # places are those of what is around it
    if len(around) != 1 or (around.text or "").strip() or (around[0].tail or "").strip():
        raise ValueError("a vendor method is one XML element and nothing beside it")
    name = local(around[0].tag)
    if _VENDOR_NAME.fullmatch(name) is None:
        raise ValueError(f"{name[:60]!r} is not the name of a vendor's method, which begins with X_ and the vendor")
    return RawRpc(name, text)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One decoded message. `id` is None where the header had none, else verbatim (quirk K-28: some end in a line feed)."""

    message: Any
    id: str | None
    namespace: str
    headers: Headers = Headers()
    tolerances: tuple[str, ...] = ()


def _parser(recover: bool = False, encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False, collect_ids=False,
        load_dtd=False, dtd_validation=False, recover=recover, encoding=encoding,
    )  # fmt: skip


class _Parsers(threading.local):
    """A parser for each thread: the names it meets go with the thread (acs/cwmp/apart.py), which a shared one would prevent."""

    def __init__(self) -> None:
        self.strict = _parser()


_PARSERS = _Parsers()


def local(tag: Any) -> str:
    """The local part of a tag, also of one whose prefix was never declared (R-9)."""
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


# ---- decoding --------------------------------------------------------------------------------------------------


def decode(body: bytes, charset: str | None = None) -> Envelope:
    """Decode one envelope. CpeProtocolError with the fault or status to answer with when it is none."""
    tolerances: list[str] = []
    root = _parse(body, charset, tolerances)
    if local(root.tag) != "Envelope":
        raise CpeProtocolError(f"the body is a <{local(root.tag)[:40]}>, not a SOAP envelope")
    header, soap_body = None, None
    for node in root:
        name = local(node.tag)
        if name == "Header":
            header = node
        elif name == "Body":
            if soap_body is not None:
                raise CpeProtocolError("the envelope has two SOAP bodies")
            soap_body = node
    if soap_body is None or len(soap_body) == 0:
        raise CpeProtocolError("the envelope has no SOAP body")
    rpc = soap_body[0]
    if len(soap_body) > 1:
        tolerances.append("more than one element in the SOAP body")
    name = local(rpc.tag)
    namespace = _namespace(root, rpc)
    rid, headers, foreign = _decode_header(header)
    if foreign:
        raise CpeProtocolError(
            f"header {foreign[:40]} must be understood and is not", status=500, soap_fault="MustUnderstand", rid=rid, namespace=namespace
        )
    if name == "Fault":
        return Envelope(_decode_fault(rpc), rid, namespace, headers, tuple(tolerances))
    decoder = _DECODERS.get(name)
    if decoder is None:
        xml = etree.tostring(rpc, encoding="unicode", with_tail=False) if len(rpc.nsmap) <= _MOST_NAMESPACES else ""
        return Envelope(UnknownRpc(name[:80], xml), rid, namespace, headers, tuple(tolerances))
    try:
        message = decoder(rpc)
    except ValueError as error:
        raise CpeProtocolError(f"{name}: {error}", fault=8003, rid=rid, namespace=namespace) from None
    return Envelope(message, rid, namespace, headers, tuple(tolerances))


def _parse(body: bytes, charset: str | None, tolerances: list[str]) -> Any:
    if b"<!" in body and _DTD.match(body):
        raise CpeProtocolError(_NO_DTD)
    if body.count(b"<") > MOST_ELEMENTS:
        raise CpeProtocolError(f"more than {MOST_ELEMENTS} tags in one message")
    try:
        _require_known_encoding(body)
        root = etree.fromstring(body, _PARSERS.strict)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        return _parse_repaired(body, charset, tolerances, error)
    if root.getroottree().docinfo.internalDTD is not None:  # in UTF-16 or UTF-7 the bytes did not show it
        raise CpeProtocolError(_NO_DTD)
    return root


_NO_DTD = "a document type declaration is refused"


def _require_known_encoding(body: bytes) -> None:
    """ValueError for an encoding in which markup does not look like markup: UTF-7, EBCDIC and others that libxml2 would read."""
    if body[:5] == b"<?xml":
        declared = _DECLARATION.match(body)
        if declared is not None and _CHARSETS.fullmatch(declared[1].decode("latin-1").strip()) is None:
            raise ValueError(f"encoding {declared[1][:40].decode('latin-1')!r} is not read")
    elif body[:1] not in b"<\xef\xff\xfe \t\r\n\0" or body[:3] in (b"\0\0\0", b"\0\0<", b"<\0\0"):
        raise ValueError("does not begin with markup")


def _parse_repaired(body: bytes, charset: str | None, tolerances: list[str], error: Exception) -> Any:
    """Second try for what devices really send: wrong charset, control characters, bare ampersands, undeclared prefixes.

    Quirks K-23 to K-27, R-9. A truncated body stays refused: it must end with the envelope's end tag.
    """
    text = _to_text(body.strip(b"\x00 \r\n\t"), charset)
    text = _DECLARED_ENCODING.sub("", text.lstrip("\ufeff").strip("\x00 \r\n\t"), count=1).lstrip()
    if not _ENDS.search(text) or _DTD.match(text.encode("utf-8", "replace")):
        raise CpeProtocolError(f"not well-formed XML: {str(error)[:160]}") from None
    if text.count("&") > _MOST_REPAIRS:
        raise CpeProtocolError(f"not well-formed XML: {str(error)[:160]}") from None
    # The octets of control characters never stand for anything else in UTF-8; a pattern would take seconds over a body full of them.
    octets = text.encode("utf-8", "ignore").translate(None, _CONTROL_OCTETS).replace(b"\xef\xbf\xbe", b"").replace(b"\xef\xbf\xbf", b"")
    repaired = _CONTROL_REFERENCE.sub(b"", _BARE_AMPERSAND.sub(b"&amp;", octets))
    tolerances.append(f"XML repaired: {str(error)[:120]}")
    parser = _parser(recover=True, encoding="utf-8")
    try:
        root = etree.fromstring(repaired, parser)
    except etree.XMLSyntaxError as second:
        raise CpeProtocolError(f"not well-formed XML: {str(second)[:160]}") from None
    # An undeclared prefix is the one fault that is read over; anything else could be half of a message.
    fatal = [entry.message for entry in parser.error_log if entry.type_name != "NS_ERR_UNDEFINED_NAMESPACE"]
    if root is None or fatal:
        raise CpeProtocolError(f"not well-formed XML: {(fatal or [str(error)])[0][:160]}") from None
    return root


def _to_text(body: bytes, charset: str | None) -> str:
    for name in (charset, "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else None, "utf-8"):
        if name and _CHARSETS.fullmatch(name):
            try:
                return body.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return body.decode("latin-1")


def _namespace(root: Any, rpc: Any) -> str:
    """The CWMP namespace of the message: the RPC's own, else any that the envelope declares, else 1.0 (K-26, K-29)."""
    own = rpc.tag[1:].partition("}")[0] if rpc.tag[0] == "{" else ""
    if _CWMP_NS.fullmatch(own):
        return str(own)
    # nsmap walks up to the root for every element: only where a device may declare it, never over a whole message.
    for node in (rpc, root, *islice(rpc.iter(etree.Element), 1, _DEEP_ENOUGH)):
        for uri in node.nsmap.values():
            if uri and _CWMP_NS.fullmatch(uri):
                return str(uri)
        if node is not rpc and node is not root and local(node.tag) == "Fault":
            break
    return CWMP_1_0


_DEEP_ENOUGH = 8
"""Elements of a message that may be the first to declare the CWMP namespace: a Fault's detail (K-26), a list and its first item."""


def _decode_header(header: Any) -> tuple[str | None, Headers, str]:
    """ID, what else we know, and the name of a header that must be understood and is not (conformance A-87)."""
    if header is None:
        return None, _NO_HEADERS, ""
    rid: str | None = None
    hold, timeout, use, foreign = False, None, "", ""
    versions: tuple[str, ...] = ()
    for node in header:
        name = local(node.tag)
        if name == "ID":
            rid = node.text or ""
        elif name == "HoldRequests":
            hold = (node.text or "").strip().lower() in ("1", "true")
        elif name in ("SessionTimeout", "sessionTimeout"):
            timeout = _digits(node.text)
        elif name == "SupportedCWMPVersions":
            versions = tuple(part.strip() for part in (node.text or "").split(",") if part.strip())
        elif name == "UseCWMPVersion":
            use = (node.text or "").strip()
        elif name != "NoMoreRequests" and _must_understand(node):
            foreign = name
    if not (hold or timeout is not None or versions or use):
        return rid, _NO_HEADERS, foreign
    return rid, Headers(hold, timeout, versions, use), foreign


_NO_HEADERS = Headers()


def _must_understand(node: Any) -> bool:
    return any(local(name) == "mustUnderstand" and node.get(name).strip() in ("1", "true") for name in node.keys())  # noqa: SIM118


def _decode_fault(node: Any) -> CwmpFault:
    """SOAP fault with the CWMP fault in its detail; one without detail is 9002 with its text kept (conformance B-86)."""
    text = ""
    for part in node:
        if local(part.tag) == "faultstring":
            text = (part.text or "").strip()
        if local(part.tag) == "detail":
            for inner in part:
                if local(inner.tag) == "Fault":
                    return _decode_cwmp_fault(inner)
    return CwmpFault(9002, text[:256])


def _decode_cwmp_fault(node: Any) -> CwmpFault:
    code, text, parameters = 9002, "", []
    for part in node:
        name = local(part.tag)
        if name == "FaultCode":
            code = _fault_code(part.text)
        elif name == "FaultString":
            text = (part.text or "").strip()[:1024]
        elif name == "SetParameterValuesFault":
            got = {local(p.tag): (p.text or "").strip() for p in part}
            parameters.append(
                ParameterFault(got.get("ParameterName", ""), _fault_code(got.get("FaultCode")), got.get("FaultString", "")[:256])
            )
    return CwmpFault(code, text, tuple(parameters))


def _fault_code(text: str | None) -> int:
    code = _digits(text)
    return 9002 if code is None else code


def _digits(text: str | None) -> int | None:
    """A number without sign that a database can hold; None for anything else."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


_TYPES: dict[str, str] = {}
"""Local part of an xsi:type by its raw text; devices use a dozen."""


def _value_type(node: Any) -> str:
    raw = node.get(_XSI_TYPE)
    if raw is None:
        for name in node.keys():  # the 1999 namespace of netcwmp; items() would look each of them up again  # noqa: SIM118
            if local(name) == "type":
                raw = node.get(name)
                break
        else:
            return "string"
    known = _TYPES.get(raw)
    if known is None:
        known = raw.strip().rpartition(":")[2] or "string"
        if len(_TYPES) < 1000:
            _TYPES[raw] = known
    return known


def _decode_value_struct(node: Any) -> ParameterValueStruct:
    try:
        name, value = node
        if name.tag == "Name" and value.tag == "Value" and not len(value):
            return ParameterValueStruct((name.text or "").strip(), value.text or "", _value_type(value))
    except ValueError:
        pass
    found = {local(part.tag): part for part in node}
    name, value = found.get("Name"), found.get("Value")
    return ParameterValueStruct(
        (name.text or "").strip() if name is not None else "",
        _all_text(value) if value is not None else "",
        _value_type(value) if value is not None else "string",
    )


def _all_text(node: Any) -> str:
    return node.text or "" if len(node) == 0 else "".join(node.itertext())


_TRUE = frozenset(("1", "true", "yes", "on", "enabled"))


def _decode_flag(text: str | None) -> bool:
    return (text or "").strip().lower() in _TRUE


def _decode_int(text: str | None) -> int:
    text = (text or "").strip()
    if not text:
        return 0
    if _NUMBER.fullmatch(text) is None:
        if text.lower() in ("true", "false"):  # IsTransferable is 0 or 1 in the schema and a boolean elsewhere (conformance X-6)
            return int(text.lower() == "true")
        raise ValueError(f"{text[:40]!r} is not a number")
    return int(text)


def _decode_plain(text: str | None) -> str:
    return text or ""


_SCALARS: dict[str, Callable[[str | None], Any]] = {TEXT: _decode_plain, UINT: _decode_int, INT: _decode_int, FLAG: _decode_flag}


def _info(node: Any) -> ParameterInfoStruct:
    try:
        name, writable = node
        if name.tag == "Name" and writable.tag == "Writable":
            return ParameterInfoStruct((name.text or "").strip(), _decode_flag(writable.text))
    except ValueError:
        pass
    found = {local(part.tag): part.text for part in node}
    return ParameterInfoStruct((found.get("Name") or "").strip(), _decode_flag(found.get("Writable")))


def _field_decoder(f: Field) -> Callable[[Any], Any]:
    if f.kind == ARRAY:
        if f.of is str:
            return lambda node: tuple((item.text or "") for item in node)
        inner = _decoder(f.of.__name__)
        return lambda node: tuple([inner(item) for item in node])
    if f.kind == STRUCT:
        return _decoder(f.of.__name__)
    if f.kind == MANY:
        return _choice_decoder(f) if len(f.of) > 1 else _decoder(f.of[0].__name__)
    scalar = _SCALARS[f.kind]
    return lambda node: scalar(node.text)


def _decoder(name: str) -> Callable[[Any], Any]:
    if name == "ParameterValueStruct":
        return _decode_value_struct
    if name == "ParameterInfoStruct":
        return _info
    cls = CLASSES[name]
    by_name = {f.xml: (f.attribute, _field_decoder(f)) for f in FIELDS[name]}
    repeated = tuple(f.attribute for f in FIELDS[name] if f.kind == MANY)
    if repeated:
        return _repeating_decoder(cls, by_name, repeated)

    def run(node: Any) -> Any:
        given = {}
        for part in node:
            known = by_name.get(part.tag) or by_name.get(local(part.tag))
            if known is not None:
                given[known[0]] = known[1](part)
        return cls(**given)

    return run


def _repeating_decoder(cls: Any, by_name: dict[str, tuple[str, Callable[[Any], Any]]], repeated: tuple[str, ...]) -> Callable[[Any], Any]:
    """For messages with repeated elements that are no SOAP array (conformance B-44)."""

    def run(node: Any) -> Any:
        given: dict[str, Any] = {}
        lists: dict[str, list[Any]] = {attribute: [] for attribute in repeated}
        for part in node:
            known = by_name.get(local(part.tag))
            if known is None:
                continue
            attribute, read = known
            if attribute in lists:
                lists[attribute].append(read(part))
            else:
                given[attribute] = read(part)
        return cls(**given, **{attribute: tuple(items) for attribute, items in lists.items()})

    return run


def _choice_decoder(f: Field) -> Callable[[Any], Any]:
    """One of several structs, by the xsi:type of the element."""
    readers = {of.__name__: _decoder(of.__name__) for of in f.of}

    def read(node: Any) -> Any:
        kind = _value_type(node)
        if kind not in readers:
            raise ValueError(f"{f.xml} of type {kind[:40]!r}; known are {', '.join(readers)}")
        return readers[kind](node)

    return read


_DECODERS: dict[str, Callable[[Any], Any]] = {name: _decoder(name) for name in CLASSES if not name.endswith("Struct")}


# ---- encoding --------------------------------------------------------------------------------------------------


def escape(text: str) -> str:
    """XML text. AcsProtocolError for characters that XML 1.0 cannot carry (conformance A-16)."""
    if _ANY_TEXT.search(text):
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if _NOT_XML.search(text):
        raise AcsProtocolError(f"{text[:40]!r} holds a character that XML cannot carry")
    return text if "\r" not in text else text.replace("\r", "&#13;")


def encode(
    message: Any, rid: str | None, namespace: str = CWMP_1_0, hold: bool = False, extra_headers: Iterable[tuple[str, str, int]] = ()
) -> bytes:
    """One envelope. `extra_headers` are (name, text, mustUnderstand): a CPE's SupportedCWMPVersions, our UseCWMPVersion."""
    header = ""
    if rid is not None:
        header = f'<cwmp:ID SOAP-ENV:mustUnderstand="1">{escape(rid)}</cwmp:ID>'
    if hold:
        header += '<cwmp:HoldRequests SOAP-ENV:mustUnderstand="1">1</cwmp:HoldRequests>'
    for name, text, must in extra_headers:
        header += f'<cwmp:{name} SOAP-ENV:mustUnderstand="{must}">{escape(text)}</cwmp:{name}>'
    if isinstance(message, CwmpFault):
        body = _encode_fault(message)
    elif isinstance(message, SoapFault):
        body = f"<SOAP-ENV:Fault><faultcode>SOAP-ENV:{message.code}</faultcode><faultstring>{escape(message.text)}</faultstring></SOAP-ENV:Fault>"
    else:
        body = _encode_message(message)
    return (
        f'<SOAP-ENV:Envelope xmlns:SOAP-ENV="{SOAP_NS}" xmlns:SOAP-ENC="{ENC_NS}" xmlns:xsd="{XSD_NS}" xmlns:xsi="{XSI_NS}" '
        f'xmlns:cwmp="{namespace}"><SOAP-ENV:Header>{header}</SOAP-ENV:Header><SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>\n'
    ).encode()


def encode_refusal(error: CpeProtocolError, rid: str | None = None, namespace: str = CWMP_1_0) -> bytes | None:
    """The SOAP fault that answers what broke a rule; None where only its HTTP status does.

    ID and namespace of the refused message go before `rid` and `namespace`, which are those of its session (conformance B-83).
    """
    fault: CwmpFault | SoapFault
    text = _NOT_XML.sub("", str(error))[:256]
    if error.soap_fault:
        fault = SoapFault(error.soap_fault, text)
    elif error.fault is not None:
        fault = CwmpFault(error.fault, text)
    else:
        return None
    return encode(fault, rid if error.rid is None else error.rid, error.namespace or namespace or CWMP_1_0)


def _encode_message(message: Any) -> str:
    if isinstance(message, RawRpc):
        return message.xml
    name = type(message).__name__
    encoder = _ENCODERS.get(name)
    if encoder is None:
        raise AcsProtocolError(f"{name} is not a CWMP message")
    return f"<cwmp:{name}>{encoder(message)}</cwmp:{name}>"


def _encode_fault(fault: CwmpFault) -> str:
    details = "".join(
        f"<SetParameterValuesFault><ParameterName>{escape(p.name)}</ParameterName><FaultCode>{p.code}</FaultCode>"
        f"<FaultString>{escape(p.text)}</FaultString></SetParameterValuesFault>"
        for p in fault.parameters
    )
    who = "Server" if fault.code % 1000 in (2, 4) else "Client"
    return (
        f"<SOAP-ENV:Fault><faultcode>{who}</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
        f"<FaultCode>{fault.code}</FaultCode><FaultString>{escape(fault.text)}</FaultString>{details}</cwmp:Fault></detail></SOAP-ENV:Fault>"
    )


def _encode_value_struct(item: ParameterValueStruct) -> str:
    """The type is the device's own word for it (conformance B-51), so it is checked before it becomes markup."""
    if _NAME.fullmatch(item.type) is None:
        raise AcsProtocolError(f"{item.name}: {item.type[:40]!r} is not the name of a type")
    prefix = "SOAP-ENC" if item.type == "base64" else "xsd"
    return (
        f'<ParameterValueStruct><Name>{_path(item.name)}</Name><Value xsi:type="{prefix}:{item.type}">{escape(item.value)}</Value>'
        "</ParameterValueStruct>"
    )


def _encode_info(item: ParameterInfoStruct) -> str:
    return f"<ParameterInfoStruct><Name>{_path(item.name)}</Name><Writable>{int(item.writable)}</Writable></ParameterInfoStruct>"


@lru_cache(maxsize=8192)
def _path(name: str) -> str:
    if len(name) > 256:
        raise AcsProtocolError(f"a parameter name is limited to 256 characters, {name[:40]!r}… has {len(name)}")
    return escape(name)


def _field_encoder(owner: str, f: Field) -> Callable[[Any], str]:
    name, attribute = f.xml, f.attribute
    if f.kind == TEXT:
        limit, leave_out = f.max_len, f.left_out_empty

        def text(message: Any) -> str:
            value = getattr(message, attribute)
            if limit is not None and len(value) > limit:
                raise AcsProtocolError(f"{owner}.{name} is limited to {limit} characters, {value[:40]!r}… has {len(value)}")
            if leave_out and not value:
                return ""
            return f"<{name}>{escape(value)}</{name}>"

        return text
    if f.kind in (UINT, INT):
        low, high = (0, 2**32 - 1) if f.kind == UINT else (-(2**31), 2**31 - 1)

        def number(message: Any) -> str:
            value = int(getattr(message, attribute))
            if not low <= value <= high:
                raise AcsProtocolError(f"{owner}.{name} goes from {low} to {high}, not {value}")
            return f"<{name}>{value}</{name}>"

        return number
    if f.kind == FLAG:
        return lambda message: f"<{name}>{int(getattr(message, attribute))}</{name}>"
    if f.kind == STRUCT:
        inner = _encoder(f.of.__name__)
        return lambda message: f"<{name}>{inner(getattr(message, attribute))}</{name}>"
    return _repeating_encoder(f) if f.kind == MANY else _array_encoder(f)


def _repeating_encoder(f: Field) -> Callable[[Any], str]:
    encoders = {of: _encoder(of.__name__) for of in f.of}
    name, is_choice = f.xml, len(f.of) > 1

    def one(item: Any) -> str:
        kind = f' xsi:type="cwmp:{type(item).__name__}"' if is_choice else ""
        return f"<{name}{kind}>{encoders[type(item)](item)}</{name}>"

    return lambda message: "".join([one(item) for item in getattr(message, f.attribute)])


def _array_encoder(f: Field) -> Callable[[Any], str]:
    name, attribute, item, array_type = f.xml, f.attribute, f.item, f.array_type
    if f.of is str:
        text = _path if item == "string" else escape  # a voucher may be longer than a parameter's name
        one: Callable[[Any], str] = lambda value: f"<{item}>{text(value)}</{item}>"  # noqa: E731
    elif f.of is ParameterValueStruct:
        one = _encode_value_struct
    elif f.of is ParameterInfoStruct:
        one = _encode_info
    else:
        inner = _encoder(f.of.__name__)
        one = lambda value: f"<{item}>{inner(value)}</{item}>"  # noqa: E731

    def many(message: Any) -> str:
        values = getattr(message, attribute)
        return f'<{name} SOAP-ENC:arrayType="{array_type}[{len(values)}]">{"".join([one(value) for value in values])}</{name}>'

    return many


def _encoder(name: str) -> Callable[[Any], str]:
    encoders = [_field_encoder(name, f) for f in FIELDS[name] if f.kind != VALUE]
    return lambda message: "".join([encode_field(message) for encode_field in encoders])


_ENCODERS: dict[str, Callable[[Any], str]] = {name: _encoder(name) for name in CLASSES if not name.endswith("Struct")}
