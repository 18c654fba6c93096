"""`hearthline simulate --replay`: the device's side of a recorded session, played against any ACS, and what that ACS did otherwise.

The CPE's own messages are posted in their order; a question of the ACS gets the answer it got in the recording, with the ID of this
question. A question the recording has no answer for is a difference: a read of names that were read, written or informed elsewhere in the
recording is answered with those values, all else with fault 9002, and the session goes on to its end. Afterwards both ACSs' messages are
laid side by side (compare.py). `Replay` has no I/O but `post` and `pause`; `replay_file` gives it both. Tests: tests/simulators/test_replay.py.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater

from acs.cwmp.codec import Envelope, decode, encode
from acs.cwmp.faults import CpeProtocolError, CwmpFault
from acs.cwmp.identity import identity_of
from acs.cwmp.messages import (
    GetParameterNames,
    GetParameterNamesResponse,
    GetParameterValues,
    GetParameterValuesResponse,
    ParameterInfoStruct,
    ParameterValueStruct,
    SetParameterValues,
)
from acs.errors import WrongEnvironment
from simulators.compare import Heard, Report, agrees, heard, heard_failure, report
from simulators.http import HttpClient
from simulators.quirks import Quirks
from simulators.recording import Recording, Said, is_question, read
from simulators.session import SessionFailed
from simulators.transport import AcsConnection, Authorizer

Post = Callable[[bytes], Awaitable[bytes]]
Pause = Callable[[float], Awaitable[None]]

MAX_TURNS = 2000
"""An ACS that asks without end is stopped here."""
_ID = re.compile(rb"(<(?:[\w.-]+:)?ID(?:\s[^>]*)?>)([^<]*)(</)")


class Replay:
    """One session to be played. `notes` tells what had to be answered otherwise than recorded."""

    def __init__(self, recording: Recording, post: Post, pause: Pause) -> None:
        self.recording, self._post, self._pause = recording, post, pause
        self._answers: list[tuple[Heard, Said, float]] = []
        self._used: set[int] = set()
        self._values: dict[str, ParameterValueStruct] = {}
        self._names: dict[str, ParameterInfoStruct] = {}
        self._namespace = ""
        self._notes: list[str] = []
        self._script: list[tuple[Said, float]] = []
        self._recorded: list[Heard] = []
        self._whole = recording.whole
        self._learn()

    async def play(self) -> Report:
        """Plays to the end, whatever the ACS does."""
        live: list[Heard] = []
        script = list(self._script)
        body, pause, posted = *self._next(script), 0
        while body is not None and posted < MAX_TURNS:
            if pause:
                await self._pause(pause)
            posted += 1
            try:
                answer = await self._post(body)
            except SessionFailed as error:
                live.append(heard_failure(str(error)))
                break
            envelope = self._read(answer, live)
            if envelope is not None and is_question(envelope.message):
                body, pause = self._answer(envelope, live[-1])
            else:
                body, pause = self._next(script)
        if posted >= MAX_TURNS:
            self._notes.append(f"the ACS did not come to an end in {MAX_TURNS} messages and was left")
        elif script:
            self._notes.append(f"{len(script)} messages of the recorded device were not sent: the session was over before")
        return report(self._recorded, live, self._notes, self._whole)

    # ---- what the recording knows ------------------------------------------------------------------------

    def _learn(self) -> None:
        question: Heard | None = None
        spoke_ms = 0
        for number, turn in enumerate(self.recording.turns, 1):
            pause = max(0.0, (turn.cpe.ms - spoke_ms) / 1000)
            self._learn_values(turn.cpe)
            if question is None:
                self._script.append((turn.cpe, pause))
            else:
                self._answers.append((question, turn.cpe, pause))
            question = None
            if turn.acs is not None and turn.acs.cut:
                self._whole = False
                self._notes.append(f"the recording is cut from its exchange {number} on: what the ACS said from there on was not compared")
                return
            if turn.acs is not None:
                spoke_ms = turn.acs.ms
                question = self._learn_acs(turn.acs)

    def _learn_acs(self, said: Said) -> Heard | None:
        """Takes note of what the recorded ACS said; gives it back if it was a question."""
        if said.status >= 300:
            self._recorded.append(heard_failure(f"HTTP {said.status}"))
            return None
        try:
            envelope = said.envelope()
        except CpeProtocolError as error:
            self._recorded.append(heard_failure(f"a message that cannot be read: {error}", unreadable=True))
            return None
        self._recorded.append(heard(envelope))
        if envelope is None or not is_question(envelope.message):
            return None
        if isinstance(envelope.message, SetParameterValues):
            self._values.update((value.name, value) for value in envelope.message.parameter_list)
        return self._recorded[-1]

    def _learn_values(self, said: Said) -> None:
        try:
            envelope = said.envelope()
        except CpeProtocolError:
            return
        if envelope is None:
            return
        self._namespace = self._namespace or envelope.namespace
        message = envelope.message
        if isinstance(message, GetParameterNamesResponse):
            self._names.update((info.name, info) for info in message.parameter_list)
        elif hasattr(message, "parameter_list"):
            values = [value for value in message.parameter_list if isinstance(value, ParameterValueStruct)]
            self._values.update((value.name, value) for value in values)

    # ---- what is posted next -----------------------------------------------------------------------------

    def _next(self, script: list[tuple[Said, float]]) -> tuple[bytes | None, float]:
        """The CPE's next message of its own; None when it has said all."""
        if not script:
            return None, 0.0
        said, pause = script.pop(0)
        return said.body, pause

    def _read(self, answer: bytes, live: list[Heard]) -> Envelope | None:
        if not answer.strip():
            live.append(heard(None))
            return None
        try:
            envelope = decode(answer)
        except CpeProtocolError as error:
            live.append(heard_failure(f"a message that cannot be read: {error}", unreadable=True))
            return None
        live.append(heard(envelope))
        return envelope

    def _answer(self, envelope: Envelope, question: Heard) -> tuple[bytes, float]:
        """As recorded, if it was; a question may come later than recorded, or again."""
        fitting = [number for number, (asked, _, _) in enumerate(self._answers) if agrees(asked, question)]
        fresh = [number for number in fitting if number not in self._used]
        if fitting:
            number = (fresh or fitting)[0]
            self._used.add(number)
            _, said, pause = self._answers[number]
            if not said.cut:
                return _with_id(said.body, envelope.id), pause
            self._notes.append(f"{question.name}: only the beginning of the recorded answer was kept")
        known = self._known(envelope.message)
        if known is None:
            self._notes.append(f"{question.title}: not in the recording; answered with fault 9002")
            known = CwmpFault(9002, "the recorded session has no answer to this")
        else:
            self._notes.append(f"{question.title}: not asked like this in the recording; answered with values from elsewhere in it")
        return encode(known, envelope.id, self._namespace), 0.0

    def _known(self, message: Any) -> Any:
        """An answer out of what was said elsewhere; None where that does not do."""
        if isinstance(message, GetParameterValues):
            found: list[ParameterValueStruct] = []
            for path in message.parameter_names:
                under = [value for name, value in self._values.items() if name == path or (path.endswith(".") and name.startswith(path))]
                if not under:
                    return None
                found += under
            return GetParameterValuesResponse(tuple(found))
        if isinstance(message, GetParameterNames):
            path = message.parameter_path
            names = [info for name, info in self._names.items() if name.startswith(path) and name != path]
            if message.next_level:
                names = [info for info in names if "." not in info.name.removeprefix(path).rstrip(".")]
            return GetParameterNamesResponse(tuple(names)) if names else None
        return None


def _with_id(body: bytes, rid: str | None) -> bytes:
    """A recorded answer with the ID of this question; one that had no ID keeps none."""
    if rid is None:
        return body
    escaped = rid.replace("&", "&amp;").replace("<", "&lt;").encode()
    return _ID.sub(lambda found: found[1] + escaped + found[3], body, count=1)


async def replay_file(reactor: Any, path: Path, url: str, username: str, password: str, ca: Path | None, fast: bool) -> Report:
    """Play a recording against the ACS at `url`. WrongFile for what is none, WrongEnvironment where nobody answers at all.

    The login is the device's own unless one is given; `fast` leaves out the device's times to think.
    """
    recording = read(path)
    headers = recording.turns[0].cpe.headers
    client = HttpClient(reactor, ca=ca)
    quirks = replace(Quirks(), content_type=headers.get("content-type", "text/xml"), soap_action="soapaction" in headers or not headers)
    auth = Authorizer(username or identity_of(recording.inform.device_id).key, password)
    line = AcsConnection(client, url, auth, quirks, {})

    async def post(body: bytes) -> bytes:
        try:
            return await line.post(body)
        except SessionFailed as error:
            if not client.opened_at:
                raise WrongEnvironment(str(error)) from None
            raise

    async def pause(seconds: float) -> None:
        if not fast:
            await deferLater(reactor, seconds)

    try:
        return await Replay(recording, post, pause).play()
    finally:
        client.close()
