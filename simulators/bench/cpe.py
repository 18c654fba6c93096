"""A device of the bench: what differs from the shared tree, its Informs and its answers, as text. Knows no network and no clock.

As cheap as a device can be, so that what is measured is the server: envelopes are put together from strings. A full device is
simulators/cpe.py. Tests: tests/simulators/bench/test_cpe.py.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from xml.sax.saxutils import escape

from simulators.bench.tree import HIDDEN, INFORMED, ROOT, Tree

OUI, PRODUCT_CLASS, MANUFACTURER = "0A1B2C", "BenchCPE", "Bench"
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soap-env:Envelope xmlns:soap-env="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:cwmp="urn:dslforum-org:cwmp-1-0">'
    '<soap-env:Header><cwmp:ID soap-env:mustUnderstand="1">{}</cwmp:ID></soap-env:Header><soap-env:Body>'
)
_TAIL = "</soap-env:Body></soap-env:Envelope>"
_ACCESS = '<AccessList soap-enc:arrayType="xsd:string[1]"><string>Subscriber</string></AccessList>'


class Refused(Exception):
    """A fault the device answers with; `names` are parameters and their own fault codes."""

    def __init__(self, code: int, text: str, names: Sequence[tuple[str, int]] = ()) -> None:
        super().__init__(text)
        self.code, self.names = code, names


def serial_of(number: int) -> str:
    return f"BENCH{number:07d}"


def key_of(number: int) -> str:
    return f"{OUI}-{PRODUCT_CLASS}-{serial_of(number)}"


class Cpe:
    """`values` holds what differs from the tree, `notify` the attributes that were set."""

    __slots__ = ("notify", "serial", "sessions", "tree", "values")

    def __init__(self, tree: Tree, number: int) -> None:
        self.tree, self.serial, self.sessions = tree, serial_of(number), 0
        self.notify: dict[str, int] = {}
        self.values = {
            f"{ROOT}DeviceInfo.SerialNumber": self.serial,
            f"{ROOT}ManagementServer.ConnectionRequestURL": f"http://127.0.0.1:7/{self.serial}",
            ROOT + INFORMED[-1]: f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        }

    # ---- what it says --------------------------------------------------------------------------------------------

    def inform(self, events: Iterable[str], rid: str, clock: str) -> bytes:
        self.sessions += 1
        self.values[f"{ROOT}DeviceInfo.UpTime"] = str(3600 + self.sessions)
        told = [f"<EventStruct><EventCode>{escape(event)}</EventCode><CommandKey></CommandKey></EventStruct>" for event in events]
        return _envelope(
            f"<cwmp:Inform><DeviceId><Manufacturer>{MANUFACTURER}</Manufacturer><OUI>{OUI}</OUI><ProductClass>{PRODUCT_CLASS}</ProductClass>"
            f"<SerialNumber>{self.serial}</SerialNumber></DeviceId>"
            f'<Event soap-enc:arrayType="cwmp:EventStruct[{len(told)}]">{"".join(told)}</Event>'
            f"<MaxEnvelopes>1</MaxEnvelopes><CurrentTime>{clock}</CurrentTime><RetryCount>0</RetryCount>"
            f"{self._values(ROOT + name for name in INFORMED)}</cwmp:Inform>", rid
        )  # fmt: skip

    def _values(self, names: Iterable[str]) -> str:
        told = [
            f"<ParameterValueStruct><Name>{name}</Name><Value xsi:type=\"xsd:{(leaf := self.tree.leaves[name]).type}\">"
            f"{'' if name.endswith(HIDDEN) else escape(self.values.get(name, leaf.value))}</Value></ParameterValueStruct>"
            for name in names
        ]
        return f'<ParameterList soap-enc:arrayType="cwmp:ParameterValueStruct[{len(told)}]">{"".join(told)}</ParameterList>'

    # ---- what it answers -----------------------------------------------------------------------------------------

    def answer(self, method: str, asked: ET.Element, rid: str) -> tuple[bytes, bool]:
        """The answer to a request of the ACS, and whether it is a fault."""
        try:
            rpc = _RPCS.get(method)
            if rpc is None:
                raise Refused(9000, "Method not supported")
            return _envelope(f"<cwmp:{method}Response>{rpc(self, asked)}</cwmp:{method}Response>", rid), False
        except Refused as refused:
            each = "".join(
                f"<SetParameterValuesFault><ParameterName>{escape(name)}</ParameterName><FaultCode>{code}</FaultCode>"
                "<FaultString>refused</FaultString></SetParameterValuesFault>"
                for name, code in refused.names
            )
            return _envelope(
                "<soap-env:Fault><faultcode>Client</faultcode><faultstring>CWMP fault</faultstring><detail><cwmp:Fault>"
                f"<FaultCode>{refused.code}</FaultCode><FaultString>{refused}</FaultString>{each}</cwmp:Fault></detail></soap-env:Fault>", rid
            ), True  # fmt: skip

    def _leaves(self, path: str) -> list[str]:
        if path in self.tree.leaves:
            return [path]
        if path not in self.tree.children:
            raise Refused(9005, "Invalid parameter name")
        return [name for name in self.tree.below(path) if not name.endswith(".")]

    def _methods(self, _asked: ET.Element) -> str:
        return f'<MethodList soap-enc:arrayType="xsd:string[{len(_RPCS)}]">{"".join(f"<string>{name}</string>" for name in _RPCS)}</MethodList>'

    def _names(self, asked: ET.Element) -> str:
        path, next_level = text(asked, "ParameterPath"), text(asked, "NextLevel").strip() in ("1", "true")
        tree = self.tree
        if path in tree.children:
            names: Sequence[str] = tree.children[path] if next_level else (*((path,) if path else ()), *tree.below(path))
        elif path in tree.leaves and not next_level:
            names = (path,)
        else:
            raise Refused(9003 if path in tree.leaves else 9005, "Invalid parameter name")
        told = [
            f"<ParameterInfoStruct><Name>{name}</Name><Writable>{int(tree.is_writable(name))}</Writable></ParameterInfoStruct>" for name in names
        ]
        return f'<ParameterList soap-enc:arrayType="cwmp:ParameterInfoStruct[{len(told)}]">{"".join(told)}</ParameterList>'

    def _get(self, asked: ET.Element) -> str:
        return self._values(dict.fromkeys(name for path in _strings(asked, "ParameterNames") for name in self._leaves(path)))

    def _set(self, asked: ET.Element) -> str:
        given = {text(each, "Name"): text(each, "Value") for each in _items(asked, "ParameterList")}
        leaves = self.tree.leaves
        wrong = [(name, 9008 if name in leaves else 9005) for name in given if not self.tree.is_writable(name)]
        if wrong:
            raise Refused(9003, "Invalid arguments", wrong)
        self.values.update(given)
        self.values[f"{ROOT}ManagementServer.ParameterKey"] = text(asked, "ParameterKey")
        return "<Status>0</Status>"

    def _attributes(self, asked: ET.Element) -> str:
        names = dict.fromkeys(name for path in _strings(asked, "ParameterNames") for name in self._leaves(path))
        told = [
            f"<ParameterAttributeStruct><Name>{name}</Name><Notification>{self.notify.get(name, 0)}</Notification>{_ACCESS}</ParameterAttributeStruct>"
            for name in names
        ]
        return f'<ParameterList soap-enc:arrayType="cwmp:ParameterAttributeStruct[{len(told)}]">{"".join(told)}</ParameterList>'

    def _set_attributes(self, asked: ET.Element) -> str:
        for each in _items(asked, "ParameterList"):
            if text(each, "NotificationChange").strip() in ("1", "true"):
                self.notify.update(dict.fromkeys(self._leaves(text(each, "Name")), int(text(each, "Notification") or 0)))
        return ""


_RPCS: dict[str, Callable[[Cpe, ET.Element], str]] = {
    "GetRPCMethods": Cpe._methods, "GetParameterNames": Cpe._names, "GetParameterValues": Cpe._get, "SetParameterValues": Cpe._set,
    "GetParameterAttributes": Cpe._attributes, "SetParameterAttributes": Cpe._set_attributes,
}  # fmt: skip


def _envelope(body: str, rid: str) -> bytes:
    return (_HEAD.format(escape(rid)) + body + _TAIL).encode()


# ---- what the ACS says ---------------------------------------------------------------------------------------------


def _child(element: ET.Element | None, name: str) -> ET.Element | None:
    return next((child for child in element if child.tag.rpartition("}")[2] == name), None) if element is not None else None


def text(element: ET.Element, name: str) -> str:
    found = _child(element, name)
    return (found.text or "") if found is not None else ""


def _items(element: ET.Element, name: str) -> list[ET.Element]:
    found = _child(element, name)
    return list(found) if found is not None else []


def _strings(element: ET.Element, name: str) -> list[str]:
    return [each.text or "" for each in _items(element, name)]


def opened(body: bytes) -> tuple[str, str, ET.Element]:
    """(cwmp:ID, method, its element) of an envelope of the ACS. ValueError for anything else."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - of the server under test, on loopback
    except ET.ParseError as error:
        raise ValueError(f"malformed XML: {error}") from None
    rid, soap = _child(_child(root, "Header"), "ID"), _child(root, "Body")
    if soap is None or not len(soap):
        raise ValueError("no SOAP body")
    return (rid.text or "") if rid is not None else "", soap[0].tag.rpartition("}")[2], soap[0]
