"""Envelopes as odd devices write them, and what odd devices need in the envelopes they read: bytes in, bytes out.

Each word of the knobs `xml` and `reads` is a function here. Our own encoder always writes the same way, so plain text is enough to work
on. What the ACS makes of it is the quirk list's (K-22 to K-31, K-38, K-39, R-1, R-2, R-9 to R-12). Tests: tests/simulators/test_wire.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_CWMP = re.compile(r'( xmlns:cwmp="[^"]*")')
_STRING_VALUE = re.compile(r'(<Value xsi:type="xsd:string">[^<]+)(</Value>)')
LAUGHS = '<!DOCTYPE x [<!ENTITY p SYSTEM "file:///etc/passwd"><!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'


def distorted(body: bytes, words: Sequence[str], is_inform: bool) -> bytes:
    """The envelope as a device with these words writes it."""
    text: str | bytes = body.decode()
    for each in words:
        word, _, argument = each.partition(" ")
        if word == "later-namespace":
            text = text if is_inform else _namespace(_text(text), argument)
        elif word in _LAST:
            text = _LAST[word](_text(text))
        else:
            text = _WORDS[word](_text(text), argument)
    return text if isinstance(text, bytes) else text.encode()


def _text(so_far: str | bytes) -> str:
    """Words that end in bytes stand last."""
    assert isinstance(so_far, str)
    return so_far


def _around(text: str, first: str) -> str:
    return first + text


def _without(text: str, element: str) -> str:
    return re.sub(rf"<{element}(?: [^>]*)?>.*?</{element}>", "", text, flags=re.S)


def _append(text: str, character: str) -> str:
    return _STRING_VALUE.sub(lambda found: found[1] + character + found[2], text)


def _accent(text: str, _argument: str) -> str:
    """Something beyond ASCII, so that an encoding shows."""
    return text.replace("</Manufacturer>", " \u00c9lectronique</Manufacturer>")


def _bare_ampersand(text: str, _argument: str) -> str:
    text = text.replace("</Manufacturer>", " & Co</Manufacturer>").replace("&amp;", "&")
    return re.sub(r"(DeviceInfo\.Manufacturer</Name><Value[^>]*>[^<]*)", r"\1 & Co", text)


def _single_quotes(text: str, _argument: str) -> str:
    return re.sub(r"<[^>]*>", lambda tag: tag[0].replace('"', "'"), text)


def _prefix(text: str, name: str) -> str:
    return text.replace("SOAP-ENV", name)


def _default_namespace(text: str, _argument: str) -> str:
    return text.replace("xmlns:SOAP-ENV=", "xmlns=").replace("SOAP-ENV:mustUnderstand", "mustUnderstand").replace("SOAP-ENV:", "")


def _inner_namespace(text: str, _argument: str) -> str:
    found = _CWMP.search(text)
    assert found is not None
    return re.sub(r"(<cwmp:\w+)", rf"\1{found[1]}", text.replace(found[1], "", 1))


def _no_header(text: str, _argument: str) -> str:
    return re.sub(r"<SOAP-ENV:Header>.*?</SOAP-ENV:Header>", "", text, count=1, flags=re.S)


def _id(change: str) -> Callable[[str, str], str]:
    return lambda text, _argument: re.sub(r'<cwmp:ID( SOAP-ENV:mustUnderstand="1")>([^<]*)</cwmp:ID>', change, text, count=1)


def _namespace(text: str, uri: str) -> str:
    return _CWMP.sub(f' xmlns:cwmp="{uri}"', text, count=1)


def _cdata(text: str, _argument: str) -> str:
    def wrap(found: re.Match[str]) -> str:
        plain = found[2].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return f"{found[1]}<![CDATA[{plain}]]>{found[3]}"

    return re.sub(r"(<Value[^>]*>)([^<]+)(</Value>)", wrap, text)


def _entities(text: str, _argument: str) -> str:
    return LAUGHS + text.replace("</Manufacturer>", "&c;&p;</Manufacturer>")


def _no_value(text: str, _argument: str) -> str:
    return re.sub(r"<Value[^>]*></Value>", "", text)


def _type(text: str, name: str) -> str:
    return re.sub(r'(<Value xsi:type=")[^"]*"', rf'\1xsd:{name.strip()}"', text)


def _private_types(text: str, _argument: str) -> str:
    return text.replace('<Value xsi:type="xsd:string"', '<Value xsi:type="xsd:json"').replace('"xsd:int"', '"xsd:signedInt"')


def _no_detail(text: str, _argument: str) -> str:
    return _without(text, "detail")


def _undeclared_fault_prefix(text: str, _argument: str) -> str:
    return text.replace("<SOAP-ENV:Fault>", "<soap:Fault>").replace("</SOAP-ENV:Fault>", "</soap:Fault>")


_WORDS: dict[str, Callable[[str, str], str]] = {
    "declaration": lambda text, _: _around(text, '<?xml version="1.0" encoding="UTF-8"?>\n'),
    "byte-order-mark": lambda text, _: _around(text, "\ufeff"),
    "without": _without,
    "append": _append,
    "accent": _accent,
    "nul-at-the-end": lambda text, _: text + "\0",
    "two-envelopes": lambda text, _: text + text,
    "bare-ampersand": _bare_ampersand,
    "single-quotes": _single_quotes,
    "prefix": _prefix,
    "default-namespace": _default_namespace,
    "inner-namespace": _inner_namespace,
    "no-header": _no_header,
    "no-id": _id(""),
    "empty-id": _id(r"<cwmp:ID\1></cwmp:ID>"),
    "id-with-newline": _id(r"<cwmp:ID\1>\2" + "\n</cwmp:ID>"),
    "id-not-mandatory": _id(r"<cwmp:ID>\2</cwmp:ID>"),
    "namespace": _namespace,
    "cdata": _cdata,
    "entities": _entities,
    "no-type": lambda text, _: re.sub(r'<Value xsi:type="[^"]*"', "<Value", text),
    "type": _type,
    "private-types": _private_types,
    "no-value": _no_value,
    "no-detail": _no_detail,
    "undeclared-fault-prefix": _undeclared_fault_prefix,
    "xsi-1999": lambda text, _: text.replace("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/1999/XMLSchema-instance"),
    "array-padded": lambda text, _: re.sub(r"(arrayType=\"[^\[]*\[)(\d)\]", r"\g<1>0\2]", text),
    "array-wrong": lambda text, _: re.sub(r"(arrayType=\"[^\[]*\[)\d+\]", r"\g<1>16]", text),
}
_LAST: dict[str, Callable[[str], bytes]] = {
    "latin1": lambda text: text.encode("latin-1", "xmlcharrefreplace"),
    "latin1-declared": lambda text: b'<?xml version="1.0" encoding="ISO-8859-1"?>' + text.encode("latin-1", "xmlcharrefreplace"),
    "utf16": lambda text: text.encode("utf-16"),
}
WORDS = frozenset((*_WORDS, *_LAST, "later-namespace"))


# ---- reading -----------------------------------------------------------------------------------------------------


class Reads:
    """What a device does with an envelope that is not as it needs it."""

    DROPS, EMPTY, REFUSES = "drops", "empty", "refuses"


def complaint(body: bytes, words: Sequence[str]) -> tuple[str, str] | None:
    """What a device with these words does with an envelope of the ACS, and the need that was not met; None if it reads it."""
    for word in words:
        does, meets = _NEEDS[word]
        if not meets(body):
            return does, word
    return None


def _every(pattern: bytes, inside: bytes) -> Callable[[bytes], bool]:
    return lambda body: all(re.search(inside, found[0]) for found in re.finditer(pattern, body))


_NEEDS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "newline": (Reads.DROPS, lambda body: body.endswith(b"\n")),
    "no-declaration": (Reads.DROPS, lambda body: not body.lstrip().startswith(b"<?xml")),
    "prefixes": (
        Reads.EMPTY,
        lambda body: b"<SOAP-ENV:Body>" in body and re.search(rb"<SOAP-ENV:Body>\s*<(?:cwmp|SOAP-ENV):", body) is not None,
    ),
    "cwmp-prefix": (Reads.REFUSES, lambda body: re.search(rb":Body>\s*<(?:cwmp|SOAP-ENV):", body) is not None),
    "array-type": (Reads.REFUSES, _every(rb"<(?:\w+:)?(?:ParameterList|ParameterNames)\b[^>]*>", rb"arrayType=")),
    "parameter-key": (
        Reads.REFUSES,
        lambda body: b":SetParameterValues>" not in body or b"<ParameterKey>" in body or b"<ParameterKey/>" in body,
    ),
    "plain-arguments": (
        Reads.REFUSES,
        lambda body: re.search(rb"<[\w-]+:(?:Name|Value|ParameterNames|ParameterList|ParameterPath)\b", body) is None,
    ),
    "next-level-digits": (Reads.REFUSES, _every(rb"<NextLevel>[^<]*", rb">[01]$")),
}
NEEDS = frozenset(_NEEDS)
