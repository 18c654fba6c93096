"""Recorded sessions as replay.py needs them, out of a file or a folder: no network, no clock.

Read are: what an ACS's recorder lets people take away (docs/recordings.md; JSON, gzipped or not), one file of envelopes one after the
other, and a folder of files with one message each, in the order of their names. Of captures the direction is told by the name (`-cpe`,
`-acs`) or else by what the message is; empty POSTs that a capture left out are put back where the protocol has them.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acs.cwmp.codec import Envelope, UnknownRpc, decode
from acs.cwmp.faults import CpeProtocolError, CwmpFault
from acs.cwmp.messages import Inform

FORMAT, VERSION = "hearthline-session", 1
MASK = "••••••"
"""What stands in a recording where a secret was."""
MAX_FILE = 64 * 1024 * 1024
_CPE_CALLS = frozenset(
    (
        "Inform",
        "TransferComplete",
        "AutonomousTransferComplete",
        "DUStateChangeComplete",
        "AutonomousDUStateChangeComplete",
        "RequestDownload",
        "Kicked",
    )
)
_END = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>")
_SIDE = re.compile(r"(?:^|[-_. ])(cpe|acs)(?:[-_. ]|$)", re.I)


class WrongFile(Exception):
    """The file is no recording, or not one that can be played; the text says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """One HTTP message. `cut`: the recorder kept only its beginning. `status` is 0 for the CPE's and where a capture does not tell."""

    from_cpe: bool
    body: bytes
    ms: int = 0
    status: int = 0
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def envelope(self) -> Envelope | None:
        """None for an empty message. CpeProtocolError for what cannot be read."""
        if self.cut:
            raise CpeProtocolError("only its beginning was recorded")
        if not self.body.strip():
            return None
        _, found, charset = self.headers.get("content-type", "").lower().partition("charset=")
        return decode(self.body, charset.split(";")[0].strip(" \"'") if found else None)


@dataclass(frozen=True, slots=True)
class Turn:
    """What the CPE posted and what it was answered; None where a capture does not hold the answer."""

    cpe: Said
    acs: Said | None


@dataclass(frozen=True, slots=True)
class Recording:
    turns: tuple[Turn, ...]
    inform: Inform
    whole: bool
    """Whether the session went to its end: the last answer is empty."""


def read(path: Path) -> Recording:
    """The session in a file or a folder. WrongFile, in words, for anything else."""
    try:
        messages = _folder(path) if path.is_dir() else _file(path)
    except OSError as error:
        raise WrongFile(f"{path}: {error.strerror}") from None
    return _recording(messages, str(path))


def _folder(path: Path) -> list[Said]:
    out: list[Said] = []
    for file in sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")):
        body = _unzipped(file)
        told = _SIDE.search(file.stem)
        out.append(Said(told[1].lower() == "cpe" if told else _is_from_cpe(body, out), body))
    return out


def _file(path: Path) -> list[Said]:
    raw = _unzipped(path)
    if raw.lstrip()[:1] == b"{":
        return _document(raw, path)
    out: list[Said] = []
    at = 0
    for end in _END.finditer(raw):
        body = raw[at : end.end()].strip()
        out.append(Said(_is_from_cpe(body, out), body))
        at = end.end()
    return out


def _unzipped(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(MAX_FILE + 1)
    if raw[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as unzipped:
                raw = unzipped.read(MAX_FILE + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise WrongFile(f"{path}: broken gzip: {error}") from None
    if len(raw) > MAX_FILE:
        raise WrongFile(f"{path} is larger than {MAX_FILE >> 20} MiB")
    return raw


def _document(raw: bytes, path: Path) -> list[Said]:
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WrongFile(f"{path} is not JSON: {str(error)[:120]}") from None
    if given.get("format") != FORMAT:
        raise WrongFile(f"{path} is not a recorded session: its format is {str(given.get('format'))[:40]!r}, not {FORMAT!r}")
    if given.get("version") != VERSION:
        raise WrongFile(f"{path} is of version {str(given.get('version'))[:20]}, of which this program knows {VERSION}")
    try:
        return [_said(message) for message in given["messages"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WrongFile(f"{path}: a message is not as the format has it: {error!r}") from None


def _said(message: Any) -> Said:
    side = {"cpe": True, "acs": False}[message["from"]]
    try:
        body = base64.b64decode(message["body_base64"], validate=True) if "body_base64" in message else message["body"].encode()
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    headers = {str(name).lower(): str(value) for name, value in message.get("headers", {}).items()}
    return Said(side, body, int(message["ms"]), int(message.get("status", 0)), "cut" in message, headers)


def name_of(message: Any) -> str:
    """How people call a decoded message: the RPC, or `Fault` with its code."""
    if message is None:
        return "empty"
    if isinstance(message, CwmpFault):
        return f"Fault {message.code}"
    return message.name if isinstance(message, UnknownRpc) else type(message).__name__


def is_question(message: Any) -> bool:
    """Whether an ACS's message wants an answer of the CPE."""
    return message is not None and not isinstance(message, CwmpFault) and not name_of(message).endswith("Response")


def _is_from_cpe(body: bytes, before: list[Said]) -> bool:
    """By what the message is; one that either side may send is of the side that did not speak last."""
    try:
        name = name_of(decode(body).message) if body.strip() else "empty"
    except CpeProtocolError:
        name = "unreadable"
    if name in _CPE_CALLS:
        return True
    if name.removesuffix("Response") in _CPE_CALLS and name.endswith("Response"):
        return False
    if name.startswith("Fault") or name in ("empty", "unreadable", "GetRPCMethods", "GetRPCMethodsResponse"):
        return not before or not before[-1].from_cpe
    return name.endswith("Response")


def _recording(messages: list[Said], name: str) -> Recording:
    turns: list[Turn] = []
    waiting: Said | None = None
    for said in messages:
        if said.from_cpe:
            if waiting is not None:
                turns.append(Turn(waiting, None))
            waiting = said
        elif said.status in (301, 302, 307, 401):
            waiting = None  # a round of login or a redirect: the same message comes again
        else:
            turns.append(Turn(waiting or Said(True, b"", said.ms), said))  # an empty POST that was not captured
            waiting = None
    if waiting is not None:
        turns.append(Turn(waiting, None))
    if not turns:
        raise WrongFile(f"{name} holds no message")
    try:
        first = turns[0].cpe.envelope()
    except CpeProtocolError as error:
        raise WrongFile(f"the Inform of {name} cannot be read: {error}") from None
    if first is None or not isinstance(first.message, Inform):
        raise WrongFile(f"{name} does not begin with an Inform but with {name_of(first.message if first else None)}")
    last = turns[-1].acs
    return Recording(tuple(turns), first.message, last is not None and not last.body.strip() and last.status in (0, 200, 204))
