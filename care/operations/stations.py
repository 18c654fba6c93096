"""The live card of an operation: where it stands among five stations, what it waits for, how it ended. Pure: a view and the time in.

Seconds tick in the browser; what is said here changes only with the station, so that screen readers hear stations and not seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from acs.operations.service import TRANSFERS
from acs.operations.views import STATIONS, OperationState, OperationView
from care.devices import words
from care.operations.words import STATE_WORDS, STATION_WORDS, kind_words, wake_failure


@dataclass(frozen=True, slots=True)
class Station:
    """One of five. `look` is done, current, todo, failed or skipped; `took` is empty while it runs or was never reached."""

    key: str
    word: str
    look: str
    took: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Live:
    """All the card shows. `message` is a sentence; `waits_until` and `kept_until` go with it where the device is silent."""

    op: OperationView
    title: str
    state: str
    state_word: str
    stations: tuple[Station, ...]
    message: str
    usual: str
    next_contact_at: datetime | None
    kept_until: datetime | None
    wake_problem: str
    told: str
    fault: str
    stamp: str
    """Changes when anything on the card does: the poll answers 204 while it is the same."""

    @property
    def spoken(self) -> str:
        """What a screen reader hears when the station changes."""
        return f"{self.title}: {self.message or self.told or self.state_word}"


def live(op: OperationView, now: datetime) -> Live:
    state, word = ("warn", _("Done in part")) if op.state is OperationState.DONE and in_part(op) else STATE_WORDS[op.state]
    silent = op.is_open and op.station in ("queued", "waking") and _must_wait(op, now)
    problem = wake_failure(op.wake_result, op.wake_detail) if op.station == "waking" and op.is_open else ""
    return Live(
        op=op,
        title=kind_words(op.kind, op.label),
        state=state,
        state_word=str(word),
        stations=_stations(op),
        message=_message(op, silent, problem) if op.is_open else "",
        usual=_("usually %(time)s", time=words.duration(op.usual_s)) if op.is_open and op.station in ("session", "device") else "",
        next_contact_at=op.next_contact_at if silent and op.next_contact_at and op.next_contact_at > now else None,
        kept_until=op.expires_at if silent else None,
        wake_problem=problem,
        told=told(op),
        fault=fault_words(op.fault),
        stamp=f"{op.id}.{op.state}.{op.updated_at.timestamp():.3f}.{op.wake_result}.{op.progress}.{op.presence}.{op.cancel_wanted}",
    )


def _must_wait(op: OperationView, now: datetime) -> bool:
    return op.presence != "online" or op.due_at > now or bool(wake_failure(op.wake_result) and op.station == "waking")


def _stations(op: OperationView) -> tuple[Station, ...]:
    reached = [key for key in STATIONS if key in op.stations or (key == "done" and not op.is_open)]
    times = {**op.stations, **({"done": op.finished_at} if op.finished_at else {})}
    out = []
    for key in STATIONS:
        word = str(STATION_WORDS[key]) if key != "done" or op.is_open else str(STATE_WORDS[op.state][1])
        since = times.get(key)
        if key == "done" and not op.is_open:
            look = "done" if op.state is OperationState.DONE else "failed"
        elif key == op.station and op.is_open:
            look = "current"
        else:
            look = "done" if key in reached else "skipped" if _passed(key, reached) else "todo"
        out.append(Station(key, word, look, _took(key, reached, times) if look == "done" else "", since))
    return tuple(out)


def _passed(key: str, reached: list[str]) -> bool:
    return any(STATIONS.index(later) > STATIONS.index(key) for later in reached)


def _took(key: str, reached: list[str], times: Mapping[str, datetime | None]) -> str:
    """How long it stood there: until the next station it reached."""
    at = times.get(key)
    if key == "done" or at is None:
        return ""
    later = [t for other in reached if STATIONS.index(other) > STATIONS.index(key) and (t := times.get(other)) is not None and t >= at]
    return words.duration(round((min(later) - at).total_seconds(), 1)) if later else ""


def _message(op: OperationView, silent: bool, problem: str) -> str:
    if op.cancel_wanted and op.kind in TRANSFERS and op.station == "device":
        return _("The device is asked to call it off. Until it does, the result will still be shown.")
    if op.cancel_wanted:
        return _("Too late to call back: it was already sent. The result will still be shown.")
    match op.station:
        case "queued" | "waking" if silent:
            return problem or _("Waiting for the router.")
        case "queued":
            return _("The device is called next.")
        case "waking":
            return _("The device was called and opens a session, usually within a few seconds.")
        case "session":
            return op.progress or _("Talking with the device.")
        case _:
            return op.progress or _("The device works on it by itself.")


def in_part(op: OperationView) -> bool:
    """Whether a write left something undone: `each` tells what."""
    return op.kind == "write" and bool(op.result.get("each"))


def _not_all(r: Mapping[str, Any]) -> str:
    """ "3 of 5 values written. Refused: …" """
    refused = [str(item["path"]) for item in r["each"] if item["state"] != "written"]
    text = _("%(written)s of %(all)s values written and read back.", written=len(r.get("written") or ()), all=len(r["each"]))
    return text + " " + _("Refused: %(paths)s.", paths=", ".join(refused[:5]) + (" …" if len(refused) > 5 else ""))


def fault_words(fault: Mapping[str, Any] | None) -> str:
    """ "Fault 9007: Invalid parameter value", small, after the sentence."""
    if not fault:
        return ""
    parameters = [f"{p.get('name', '')} {p.get('code', '')}".strip() for p in fault.get("parameters") or () if isinstance(p, Mapping)]
    text = str(fault.get("text") or fault.get("string") or fault.get("meaning") or "")
    named = f" ({', '.join(parameters)})" if parameters else ""
    passing = ". " + _("It may work if it is tried again later.") if fault.get("transient") else ""
    return _("Fault %(code)s", code=fault.get("code", "?")) + (f": {text}" if text else "") + named + passing


def told(op: OperationView) -> str:
    """How it ended, in one sentence; "" while it is open."""
    if op.is_open:
        return ""
    if op.state is OperationState.CANCELLED and "device" in op.stations:
        return _("Called off: the device dropped it. Nothing was changed.") if op.kind in TRANSFERS else op.error
    if op.state is OperationState.CANCELLED:
        return _("Cancelled before anything was sent. Nothing was changed.")
    if op.state is not OperationState.DONE:
        return op.error or _("It did not work; the device gave no reason.")
    return _result(op)


def _result(op: OperationView) -> str:
    r = op.result
    match op.kind:
        case "read" | "refresh" | "discover":
            counts = [value for key in ("values", "count", "parameters") if isinstance(value := r.get(key), int)]
            count = counts[0] if counts else 0
            text = ngettext("%(num)d value read.", "%(num)d values read.", count)
            missing = len(r.get("missing") or ())
            return text + (" " + ngettext("%(num)d could not be read.", "%(num)d could not be read.", missing) if missing else "")
        case "write":
            if in_part(op):
                return _not_all(r)
            text = ngettext("%(num)d value written and read back.", "%(num)d values written and read back.", len(r.get("written") or ()))
            return text + (" " + _("It counts after a restart.") if r.get("needs_restart") else "")
        case "add_object":
            return _("Row %(path)s was added.", path=r.get("path", ""))
        case "delete_object":
            return _("Row %(path)s was deleted.", path=r.get("path", ""))
        case "reboot":
            return _("The device restarted and speaks again.")
        case "factory_reset":
            return _("The device came back with its factory settings.")
        case "firmware" if r.get("already"):
            return _("The device runs %(version)s already.", version=r.get("version", ""))
        case "firmware":
            return _("The device now runs %(version)s.", version=r.get("version", ""))
        case "backup" | "log_upload":
            return _("The file arrived, %(size)s.", size=words.size(r.get("size") or 0))
        case "restore":
            return _("The device took its settings back.")
        case "stored_image" if r.get("active"):
            return _("The device now runs %(version)s.", version=r.get("version", ""))
        case "stored_image":
            return _("%(version)s is stored beside what the device runs.", version=r.get("version", ""))
        case "schedule_inform":
            return _("The device came at the appointed time.")
        case "schedule_download" if r.get("version") and not r.get("already"):
            return _("The device now runs %(version)s.", version=r["version"])
        case "schedule_download" if r.get("already"):
            return _("The device runs %(version)s already.", version=r.get("version", ""))
        case "schedule_download":
            return _("The device took its settings back.")
        case "queued_transfers":
            return ngettext("%(num)d transfer in its queue.", "%(num)d transfers in its queue.", len(r.get("transfers") or ()))
        case "cancel_transfer":
            return _("The device dropped the transfer.")
        case "rpc_methods":
            return ngettext("It knows %(num)d method.", "It knows %(num)d methods.", len(r.get("methods") or ()))
        case "options":
            return ngettext("%(num)d option.", "%(num)d options.", len(r.get("options") or ()))
        case "vouchers":
            return ngettext("%(num)d voucher was taken.", "%(num)d vouchers were taken.", r.get("count") or 0)
        case "attributes":
            return ngettext("%(num)d value told how it is watched.", "%(num)d values told how they are watched.", len(r.get("attributes") or ()))
        case "raw_rpc":
            return _("The device answered %(method)s.", method=r.get("method", ""))
        case "move_acs":
            return _("The device was told to go to %(url)s.", url=r.get("url", "")) + (" " + _("It counts after a restart.") if r.get("needs_restart") else "")
        case "install_module" | "update_module" | "uninstall_module":
            units = r.get("units") or ()
            names = ", ".join(f"{u.get('unit') or u.get('uuid')} {u.get('version', '')}".strip() for u in units if isinstance(u, Mapping))
            return ngettext("%(num)d unit was changed: %(names)s.", "%(num)d units were changed: %(names)s.", len(units), names=names)
        case "ping" | "atm_loopback":
            return _("%(received)s of %(all)s packets came back, %(time)s ms on average.", received=r.get("received", "?"),
                     all=(r.get("received") or 0) + (r.get("lost") or 0), time=r.get("average_ms", "?"))  # fmt: skip
        case "traceroute":
            return ngettext("%(num)d hop on the way.", "%(num)d hops on the way.", len(r.get("hops") or ()))
        case "download_test" | "upload_test" if r.get("mbps"):
            return _("%(rate)s measured.", rate=words.quantity(float(r["mbps"]), "Mbit/s"))
        case "nslookup":
            return ngettext("%(num)d answer.", "%(num)d answers.", len(r.get("answers") or ()))
        case "server_selection":
            return _("%(host)s answers fastest.", host=r.get("fastest") or "?")
        case "self_test" if r.get("text"):
            return str(r["text"])
        case "wifi_scan":
            return ngettext("%(num)d network heard.", "%(num)d networks heard.", len(r.get("neighbours") or ()))
        case _:
            return _("Done.")
