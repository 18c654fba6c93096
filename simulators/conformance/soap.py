"""What an ACS wrote, read strictly and by another parser than ours: prefixes, namespaces, attributes and the XML declaration are kept.

acs.cwmp.codec forgives what the field does; a conformance suite may not. A document type declaration is refused, nothing is fetched.
Tests: tests/simulators/conformance/test_soap.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pyexpat import ErrorString, ExpatError, ParserCreate

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CWMP = "urn:dslforum-org:cwmp-1-"


class NotXml(Exception):
    """It is not well-formed XML, or more than an envelope may be; the text says what."""


@dataclass
class Node:
    """An element. `attributes` by (namespace, name)."""

    namespace: str
    name: str
    prefix: str
    attributes: dict[tuple[str, str], str]
    children: list[Node] = field(default_factory=list)
    text: str = ""

    def child(self, name: str) -> Node | None:
        return next((child for child in self.children if child.name == name), None)

    def value(self, name: str, default: str = "") -> str:
        found = self.child(name)
        return default if found is None else found.text

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Document:
    """An envelope as it was written. `declaration` if there is an XML declaration, `prefixes` by namespace."""

    root: Node
    declaration: bool
    prefixes: dict[str, set[str]]

    @cached_property
    def header(self) -> list[Node]:
        found = self.root.child("Header")
        return [] if found is None else found.children

    @cached_property
    def bodies(self) -> list[Node]:
        return [child for child in self.root.children if child.name == "Body"]

    @cached_property
    def rpc(self) -> Node | None:
        """What the body holds: a request, a response, or a Fault."""
        return self.bodies[0].children[0] if self.bodies and self.bodies[0].children else None

    def head(self, name: str) -> Node | None:
        return next((node for node in self.header if node.name == name), None)

    @property
    def id(self) -> str | None:
        found = self.head("ID")
        return None if found is None else found.text

    @property
    def namespace(self) -> str:
        """The CWMP namespace it speaks; "" if none."""
        if self.rpc is not None and self.rpc.namespace.startswith("urn:dslforum-org:cwmp-"):
            return self.rpc.namespace
        return next((node.namespace for node in self.root.walk() if node.namespace.startswith("urn:dslforum-org:cwmp-")), "")

    @property
    def fault(self) -> tuple[str, int | None, str]:
        """(faultcode, CWMP FaultCode, FaultString) of a Fault; ("", None, "") of anything else."""
        if self.rpc is None or self.rpc.name != "Fault":
            return "", None, ""
        detail = self.rpc.child("detail")
        inner = detail.child("Fault") if detail is not None else None
        code = inner.value("FaultCode").strip() if inner is not None else ""
        return self.rpc.value("faultcode").strip(), int(code) if code.isdigit() else None, inner.value("FaultString") if inner else ""


def read(body: bytes) -> Document:
    """The envelope in a body. NotXml if it is none."""
    parser = ParserCreate(namespace_separator="\x1f")
    parser.namespace_prefixes = True
    parser.buffer_text = True
    stack: list[Node] = []
    roots: list[Node] = []
    prefixes: dict[str, set[str]] = {}
    declared: list[bool] = []

    def name_of(raw: str) -> tuple[str, str, str]:
        parts = raw.split("\x1f")
        return ("", parts[0], "") if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) > 2 else "")

    def start(raw: str, attributes: dict[str, str]) -> None:
        if len(stack) > 200:
            raise NotXml("elements are nested more than 200 deep")
        node = Node(*name_of(raw), {name_of(key)[:2]: value for key, value in attributes.items()})
        prefixes.setdefault(node.namespace, set()).add(node.prefix)
        (stack[-1].children if stack else roots).append(node)
        stack.append(node)

    def text(data: str) -> None:
        stack[-1].text += data

    def refuse(*_given: object) -> None:
        raise NotXml("a document type declaration")

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _raw: stack.pop()
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = refuse
    parser.XmlDeclHandler = lambda *_given: declared.append(True)
    parser.StartNamespaceDeclHandler = lambda prefix, uri: prefixes.setdefault(uri or "", set()).add(prefix or "")
    try:
        parser.Parse(body, True)
    except ExpatError as error:
        raise NotXml(f"not well-formed XML: {ErrorString(error.code)}, line {error.lineno}, column {error.offset}") from None
    root = roots[0]
    if root.name != "Envelope":
        raise NotXml(f"a <{root.name[:40]}> where an Envelope was due")
    return Document(root, bool(declared), prefixes)


def array_count(node: Node) -> tuple[str, int | None]:
    """(type, n) of SOAP-ENC:arrayType; ("", None) where there is none."""
    raw = node.attributes.get((ENCODING, "arrayType"), "")
    kind, _, count = raw.partition("[")
    return kind, int(count.rstrip("]")) if count.rstrip("]").isdigit() else None
