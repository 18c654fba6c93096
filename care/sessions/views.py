"""A recorded session as people read it: messages with their times, XML set out line by line. Pure; bodies are masked already."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from lxml import etree

from acs.recorder.service import Message, RecordView

OUTCOMES: dict[str, tuple[str, Any]] = {"ok": ("ok", _l("Good")), "failed": ("bad", _l("Failed")), "lost": ("warn", _l("Broke off"))}
_SOAP_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"


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


def pretty(body: bytes) -> tuple[str, str]:
    """What the message is, and its text with one element per line. What is no XML, or was cut, is shown as it came.

    No entity is resolved, nothing is fetched, no tree deeper than lxml's own limit is built.
    """
    if not body.strip():
        return _("empty"), ""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_blank_text=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return _("not XML"), body.decode("utf-8", "replace")
    if root.getroottree().docinfo.doctype:  # whatever a DTD may do, it does not do it here
        return _("not XML"), body.decode("utf-8", "replace")
    inner = root.find(_SOAP_BODY)
    first = next((child for child in (inner if inner is not None else root) if isinstance(child.tag, str)), None)
    title = etree.QName(first).localname if first is not None else etree.QName(root).localname
    return title, etree.tostring(root, pretty_print=True, encoding="unicode").rstrip()


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
