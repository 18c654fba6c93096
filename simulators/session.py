"""The CWMP session as a CPE sees it: given what the ACS answered, what is posted next.

No I/O: `first()` is the first POST, `next(body)` takes the body of an HTTP response and gives that of the next POST (b"" is an empty
POST), or None when the session is over. SessionFailed ends it without success. Follows TR-069 §3.7.1 (conformance A.4, A.5, A.6).
"""

from __future__ import annotations

import re
from typing import Any

from acs.cwmp.codec import Envelope, decode, encode
from acs.cwmp.faults import AcsProtocolError, CpeProtocolError, CwmpFault
from acs.cwmp.messages import CLASSES, GetRPCMethods, Inform, KickedResponse
from simulators import informs, naming, oddities, rpc, wire
from simulators.cpe import Call, Cpe, SessionFailed, Transfer

__all__ = ["Session", "SessionFailed"]

MAX_REPEATS = 5
_ID = re.compile(rb"<(?:\w+:)?ID[^>]*>([^<]*)</")


class Session:
    """One session of one CPE. `informed` says whether the Inform was acknowledged."""

    def __init__(self, cpe: Cpe) -> None:
        self.cpe = cpe
        self.informed = False
        self._namespace = cpe.facts.profile.namespace
        self._versions = cpe.quirks.versions or cpe.facts.profile.versions
        self._asked: Any = None
        self._asked_bytes = b""
        self._asked_id = ""
        self._repeats = 0
        self._number = 0
        self._hold = False
        self._said_no_more = False
        self._to_say: list[Transfer | Call] = []
        self._empties = 0
        self._heard = 0

    def first(self) -> bytes:
        inform = self.cpe.inform()
        if self.cpe.quirks.inform:
            inform = informs.distorted(inform, self.cpe.quirks.inform, self.cpe)
        reports = self.cpe.done_transfers if self.cpe.quirks.transfer_complete else []
        self._to_say = [*(oddities.reports(self.cpe, reports) if self.cpe.quirks.reports else reports), *self.cpe.calls]
        if not self.cpe.quirks.transfer_complete:
            self.cpe.transfers = [transfer for transfer in self.cpe.transfers if transfer.state != "done"]
        return self._ask(inform)

    def next(self, body: bytes) -> bytes | None:
        """The body of the next POST, None at the end. SessionFailed when the ACS broke the session."""
        quirks = self.cpe.quirks
        if quirks.inform_again_at and self._begins_anew():
            return self.first()
        if not body.strip():
            return self._after_empty()
        misread = wire.complaint(body, quirks.reads) if quirks.reads else None
        if misread is not None and not (misread[0] == wire.Reads.EMPTY and self._asked is not None):
            return self._misread(body, *misread)
        try:
            envelope = decode(body)
        except CpeProtocolError as error:
            if error.fault == 8003 and self._asked is None:  # arguments that cannot be read (B-89)
                found = _ID.search(body)
                return self._encode(rpc.fault(9003, str(error)[:256]), found[1].decode() if found else None)
            raise SessionFailed(f"the answer of the ACS cannot be read: {error}") from None
        self._hold = envelope.headers.hold_requests
        return self._take_answer(envelope) if self._asked is not None else self._take_request(envelope)

    def _begins_anew(self) -> bool:
        """K-19: once after every boot, at the n-th answer, all is forgotten and a new Inform is sent."""
        self._heard += 1
        if self._heard != self.cpe.quirks.inform_again_at or self.cpe.informed_again:
            return False
        self.cpe.informed_again = True
        self._asked, self._hold, self._said_no_more = None, False, False
        return True

    def _misread(self, body: bytes, does: str, need: str) -> bytes:
        if does == wire.Reads.EMPTY:
            return b""
        if does == wire.Reads.REFUSES and self._asked is None:
            found = _ID.search(body)
            return self._encode(rpc.fault(9003, f"not as the device needs it: {need}"), found[1].decode() if found else None)
        raise SessionFailed(f"the device does not read an envelope that is not as it needs it: {need}")

    def _after_empty(self) -> bytes | None:
        if self._asked is not None:
            raise SessionFailed(f"{type(self._asked).__name__} was answered with an empty response")
        self._hold = False
        self._empties += 1
        if self._said_no_more:
            return None if self._empties >= self.cpe.quirks.empties else b""
        return self._own_turn()

    def _take_answer(self, envelope: Envelope) -> bytes | None:
        """The answer to a request of ours (A-43); 8005 asks for the identical request again (A-69)."""
        asked, message = self._asked, envelope.message
        if isinstance(message, CwmpFault):
            if message.code == 8005 and self._repeats < MAX_REPEATS:
                self._repeats += 1
                return self._asked_bytes
            if isinstance(asked, Inform) or message.code == 8005:
                raise SessionFailed(f"{type(asked).__name__} was refused: {message}")
            self._settle_report()  # any other fault ends the duty to report (C-124)
            return self._own_turn()
        if not isinstance(message, CLASSES[f"{type(asked).__name__}Response"]):
            raise SessionFailed(f"{type(asked).__name__} was answered with {type(message).__name__}")
        if envelope.id is not None and envelope.id != self._asked_id and not self.cpe.quirks.xml:
            raise SessionFailed(f"{type(message).__name__} carries the ID {envelope.id!r} of another request")
        self._repeats = 0
        if isinstance(asked, Inform):
            self._agree_on_version(envelope.headers.use_version)
            self.informed = True
            self.cpe.acknowledged()
            self._asked = None
            if not self.cpe.quirks.empty_post:
                return None
        else:
            self._heed(message)
            self._settle_report()
            if self.cpe.quirks.reboots_after_report and not self._to_say:
                raise oddities.Crashes("the device restarts without ending its session")
        return self._own_turn()

    def _agree_on_version(self, version: str) -> None:
        """UseCWMPVersion must be one we announced; without it the namespace decides (conformance B-21, B-22)."""
        if version and version not in self._versions.replace(" ", "").split(","):
            raise SessionFailed(f"the ACS wants CWMP version {version}, which we did not offer")

    def _heed(self, message: Any) -> None:
        if isinstance(self._asked, GetRPCMethods):
            self.cpe.acs_methods = tuple(message.method_list)
        elif isinstance(message, KickedResponse):
            self.cpe.facts.note(f"sent on to {message.next_url[:200]}")

    def _settle_report(self) -> None:
        """What was owed is delivered: its events go with it (conformance D-27, D-30 to D-32)."""
        said = self._to_say.pop(0)
        self.cpe.transfers = [kept for kept in self.cpe.transfers if kept is not said]
        self.cpe.calls = [kept for kept in self.cpe.calls if kept is not said]
        self.cpe.touched = True
        self._asked = None

    def _take_request(self, envelope: Envelope) -> bytes:
        message = envelope.message
        if isinstance(message, CwmpFault) or type(message).__name__.endswith("Response"):
            raise SessionFailed(f"{type(message).__name__} came unasked")
        if type(message).__name__ in self.cpe.quirks.empty_answers:
            self.cpe.rpcs.append(type(message).__name__)
            return b""
        return self._encode(rpc.answer(self.cpe, message), envelope.id)

    def _own_turn(self) -> bytes:
        """A request of ours if we may (A-44), else an empty POST; one sent while held does not end our turn (A-84)."""
        if self._to_say and not self._hold and not self._said_no_more:
            said = self._to_say[0]
            return self._ask(said.message if isinstance(said, Call) else self._report(said))
        self._said_no_more = self._said_no_more or not self._hold
        return b""

    def _report(self, transfer: Transfer) -> Any:
        report = self.cpe.transfer_complete(transfer)
        return oddities.report(self.cpe, transfer, report) if self.cpe.quirks.reports else report

    def _ask(self, message: Any) -> bytes:
        self._number += 1
        self._asked, self._asked_id = message, str(self._number)
        extra = []
        if isinstance(message, Inform):
            if self._versions:
                extra.append(("SupportedCWMPVersions", self._versions, 0))
            if self.cpe.quirks.session_timeout_s:
                extra.append(("SessionTimeout", str(self.cpe.quirks.session_timeout_s), 0))
        if naming.writes_aliases(self.cpe):
            message = naming.with_aliases(self.cpe, message)
        self._asked_bytes = self._written(
            encode(message, self._asked_id, self._namespace, extra_headers=extra), isinstance(message, Inform)
        )
        return self._asked_bytes

    def _written(self, envelope: bytes, is_inform: bool = False) -> bytes:
        return wire.distorted(envelope, self.cpe.quirks.xml, is_inform) if self.cpe.quirks.xml else envelope

    def _encode(self, message: Any, rid: str | None) -> bytes:
        try:
            return self._written(encode(message, rid, self._namespace))
        except AcsProtocolError as error:  # a value no XML can carry: the answer is an internal error, as on a device
            return self._written(encode(rpc.fault(9002, str(error)[:256]), rid, self._namespace))
