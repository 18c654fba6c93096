"""CWMP faults: the codes, the value a faulting device answers with, and the two errors of our own side.

A fault answered by a device is a value a procedure looks at, not an exception. `CpeProtocolError` says that the device broke a rule,
`AcsProtocolError` that we were about to; each carries what the border needs. Codes follow TR-069 A.5 (conformance section E).
"""

from dataclasses import dataclass

CPE_FAULTS: dict[int, str] = {
    9000: "Method not supported",
    9001: "Request denied",
    9002: "Internal error",
    9003: "Invalid arguments",
    9004: "Resources exceeded",
    9005: "Invalid parameter name",
    9006: "Invalid parameter type",
    9007: "Invalid parameter value",
    9008: "Attempt to set a non-writable parameter",
    9009: "Notification request rejected",
    9010: "File transfer failure",
    9011: "Upload failure",
    9012: "File transfer server authentication failure",
    9013: "Unsupported protocol for file transfer",
    9014: "File transfer failure: unable to join multicast group",
    9015: "File transfer failure: unable to contact file server",
    9016: "File transfer failure: unable to access file",
    9017: "File transfer failure: unable to complete download",
    9018: "File transfer failure: file corrupted",
    9019: "File transfer failure: file authentication failure",
    9020: "File transfer failure: unable to complete download within time windows",
    9021: "Cancelation of file transfer not permitted in current transfer state",
    9022: "Invalid UUID format",
    9023: "Unknown execution environment",
    9024: "Disabled execution environment",
    9025: "Deployment unit to execution environment mismatch",
    9026: "Duplicate deployment unit",
    9027: "System resources exceeded",
    9028: "Unknown deployment unit",
    9029: "Invalid deployment unit state",
    9030: "Invalid deployment unit update: downgrade not permitted",
    9031: "Invalid deployment unit update: version not specified",
    9032: "Invalid deployment unit update: version already exists",
}

ACS_FAULTS: dict[int, str] = {
    8000: "Method not supported",
    8001: "Request denied",
    8002: "Internal error",
    8003: "Invalid arguments",
    8004: "Resources exceeded",
    8005: "Retry request",
    8006: "ACS version incompatible with CPE",
}

TRANSIENT = frozenset({9002, 9004, 9010, 9011, 9015, 9016, 9017, 9027})
"""Faults after which the same request may succeed later (conformance E-50); all others need a person or a changed request."""


def meaning(code: int) -> str:
    """What a fault code says, in the standard's words; codes newer than our list keep their number."""
    known = CPE_FAULTS.get(code) or ACS_FAULTS.get(code)
    if known:
        return known
    if 9800 <= code <= 9899 or 8800 <= code <= 8899:
        return f"Vendor fault {code}"
    return f"Fault {code}"


@dataclass(frozen=True, slots=True)
class ParameterFault:
    """One parameter's part of a refused SetParameterValues."""

    name: str
    code: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class CwmpFault:
    """A fault as sent in a SOAP body, by either side. `text` is the sender's own and not to be trusted: escape it."""

    code: int
    text: str = ""
    parameters: tuple[ParameterFault, ...] = ()

    @property
    def is_transient(self) -> bool:
        return self.code in TRANSIENT

    def __str__(self) -> str:
        said = self.text if self.text and self.text != meaning(self.code) else ""
        text = f"{self.code} {meaning(self.code)}" + (f" ({said})" if said else "")
        if self.parameters:
            text += ": " + ", ".join(f"{p.name} {p.code} {meaning(p.code)}" for p in self.parameters[:5])
        return text


@dataclass(frozen=True, slots=True)
class SoapFault:
    """A fault of SOAP itself, without a CWMP fault in it: `MustUnderstand` for a header we do not know (conformance A-87)."""

    code: str
    text: str = ""


class CpeProtocolError(Exception):
    """The device broke a rule. `fault` is the ACS fault code to answer with if a CWMP fault fits, `soap_fault` the SOAP fault code
    where the message never got as far as an RPC, `status` the HTTP status otherwise; codec.encode_refusal makes the answer.

    `ends` says whether the session is over with it; `rid` and `namespace` are the refused message's own, where it got that far.
    Conformance A-41, A-71, A-87, B-80 ff.
    """

    def __init__(
        self, text: str, fault: int | None = None, status: int = 400, ends: bool = True, soap_fault: str = "", rid: str | None = None,
        namespace: str = "",
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.fault = fault
        self.status = status
        self.ends = ends
        self.soap_fault = soap_fault
        self.rid = rid
        self.namespace = namespace


class AcsProtocolError(Exception):
    """We were about to break a rule: a defect of ours. It ends one session and is logged with its place."""
