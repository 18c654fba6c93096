"""A recorded session as people read it: messages with their times, XML set out line by line. Pure; bodies are masked already."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.recorder.service import Message, RecordView

OUTCOMES: dict[str, tuple[str, Any]] = {"ok": ("ok", _l("Good")), "failed": ("bad", _l("Failed")), "lost": ("warn", _l("Broke off"))}


@dataclass(frozen=True, slots=True)
class MessageView:
    number: int
    from_cpe: bool
    offset: str
    title: str
    status: int
    text: str
    size: int


def messages(record: RecordView) -> tuple[MessageView, ...]:
    return tuple(_message(i + 1, message) for i, message in enumerate(record.messages))


def _message(number: int, message: Message) -> MessageView:
    title, text = pretty(message.body)
    return MessageView(number, message.from_cpe, f"+{message.ms / 1000:.3f} s", title, message.status, text, len(message.body))


class _NotXml(Exception):
    pass


class _Layout:
    """Writes XML anew with one element per line, as its parser reports it; an element with text alone stays on its line."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.first_in_body = ""
        self._path: list[str] = []
        self._open = ""
        self._text = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        self._flush()
        if not self.first_in_body and (not self._path or self._path[-1].rpartition(":")[2] == "Body"):
            self.first_in_body = name.rpartition(":")[2] if self._path else ""
        told = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
        self._open = "  " * len(self._path) + f"<{name}{told}"
        self._path.append(name)

    def text(self, text: str) -> None:
        self._text += text

    def end(self, name: str) -> None:
        self._path.pop()
        text, self._text = self._text.strip(), ""
        if self._open:
            self.parts.append(f"{self._open}>{escape(text)}</{name}>" if text else f"{self._open}/>")
            self._open = ""
        else:
            if text:
                self.parts.append("  " * (len(self._path) + 1) + escape(text))
            self.parts.append("  " * len(self._path) + f"</{name}>")

    def _flush(self) -> None:
        if self._open:
            self.parts.append(self._open + ">")
            self._open = ""
        if self._text.strip():
            self.parts.append("  " * len(self._path) + escape(self._text.strip()))
        self._text = ""


def pretty(body: bytes) -> tuple[str, str]:
    """What the message is, and its text with one element per line. What is no XML, or was cut, is shown as it came.

    expat alone: prefixes stay as they were said, a document type is refused, so nothing is expanded, resolved or fetched.
    """
    if not body.strip():
        return _("empty"), ""
    layout, parser = _Layout(), expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = layout.begin, layout.end, layout.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, _NotXml, ValueError):
        return _("not XML"), body.decode("utf-8", "replace")
    title = layout.first_in_body or layout.parts[0].strip(" </>").partition(" ")[0].partition(">")[0]
    return title, "\n".join(layout.parts)


def _refuse(*_declared: object) -> None:
    raise _NotXml


def as_text(record: RecordView, serial: str) -> str:
    """The whole session for a file: heads with direction and instant, bodies as they were said."""
    row = record.row
    head = f"# session {row.id} of {serial or row.device_id}, {row.started_at.isoformat()}, {row.outcome}, {row.duration_ms} ms\n# {row.events}\n"
    parts = [head + (f"# {row.summary}\n" if row.summary else "")]
    for number, message in enumerate(record.messages, 1):
        at = row.started_at + timedelta(milliseconds=message.ms)
        way = "device -> us" if message.from_cpe else f"us -> device, HTTP {message.status}"
        parts.append(f"\n# {number}  {at.isoformat(timespec='milliseconds')}  {way}, {len(message.body)} bytes\n")
        parts.append(pretty(message.body)[1] + "\n")
    return "".join(parts)
