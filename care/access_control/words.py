"""Words and states of refusals, rules, alarms and logins: what templates look up instead of deciding."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from acs.access.views import BlockAction, BlockView, CertificateKind, Reason
from acs.devices.views import AlarmState

REASONS: Mapping[str, tuple[str, Any, Any]] = {
    Reason.BLOCKED: ("bad", _l("Blocked by a rule"), _l("A rule of the block list keeps it out.")),
    Reason.HELD: ("warn", _l("Held by a rule"), _l("It is answered, but asked nothing while the rule holds.")),
    Reason.RATE_DEVICE: ("warn", _l("Informs too often"), _l("It gets 503 and should come back later; look why it does not stop.")),
    Reason.RATE_ADDRESS: (
        "warn", _l("Too many from one address"),
        _l("A proxy or NAT of ours belongs into the trusted proxies, or the limit is too low."),
    ),
    Reason.SLOWED: ("bad", _l("Guesses logins"), _l("Too many failed logins: for a while none is looked at.")),
    Reason.NO_LOGIN: (
        "bad", _l("Sends no login"),
        _l("It was asked for a login several times and sent none: username and password are not set on it."),
    ),
    Reason.LOGIN: (
        "bad", _l("Wrong login"),
        _l("Username or password does not fit. After a reset on site it needs the onboarding secret and a rule that lets it in."),
    ),
    Reason.BASIC_PLAIN: ("bad", _l("Basic login without TLS"), _l("It sends its password in clear. Give it an https URL, or allow Basic in the settings.")),
    Reason.DIGEST_URI: (
        "bad", _l("Login made for another path"),
        _l("A proxy rewrites the path: add the path devices see to HEARTHLINE_CPE_DIGEST_PATHS."),
    ),
    Reason.IDENTITY: (
        "bad", _l("Login of another device"),
        _l("It logged in as one device and says it is another: a copied configuration, a replaced board, or a clone."),
    ),
    Reason.CERTIFICATE: (
        "bad", _l("Certificate does not fit"),
        _l("The certificate is another device's or model's, or none of our authorities stands for it."),
    ),
    Reason.NO_CERTIFICATE: ("bad", _l("No certificate"), _l("Client certificates are required, and it showed none.")),
    Reason.TLS: ("bad", _l("TLS failed"), _l("No common version or cipher, it does not trust our certificate, or it speaks http to the https port.")),
    Reason.OVERLOAD: ("warn", _l("Too many sessions"), _l("It was put off because the server had enough to do; it comes again by itself.")),
}  # fmt: skip
"""State, word, and what to think of it."""

ACTIONS: Mapping[str, Any] = {
    BlockAction.REFUSE: _l("refused"),
    BlockAction.LATER: _l("put off"),
    BlockAction.CLOSE: _l("hung up"),
    BlockAction.QUARANTINE: _l("held"),
}
CERTIFICATES: Mapping[str, tuple[str, Any]] = {
    CertificateKind.DEVICE: ("ok", _l("a device's")),
    CertificateKind.MODEL: ("info", _l("a model's")),
    CertificateKind.REVOKED: ("bad", _l("revoked")),
}
ALARMS: Mapping[str, tuple[Any, Any]] = {
    "address": (
        _l("Two addresses take turns"),
        _l("The same identity comes from two places in turn: a cloned box, or a line that falls over to a reserve and back."),
    ),
    "hardware": (
        _l("Other hardware"),
        _l("The same identity reports another hardware version: another box, or a firmware that tells it differently."),
    ),
    "mac": (_l("Other MAC address"), _l("The same identity reports another MAC address: most likely another box.")),
    "serial": (_l("Serial number used twice"), _l("Another model or maker has this serial number: a replaced board to merge, or a clone.")),
    "placeholder": (_l("Serial number is none"), _l("Many boxes carry this number from the factory: they cannot be told apart.")),
}  # fmt: skip
ALARM_STATES: Mapping[str, tuple[str, Any]] = {
    AlarmState.OPEN: ("warn", _l("to look at")),
    AlarmState.SETTLED: ("ok", _l("settled")),
    AlarmState.ACCEPTED: ("idle", _l("as it should be")),
}
LOGINS: Mapping[str, tuple[str, Any]] = {
    "own": ("ok", _l("its own password")),
    "next": ("ok", _l("its own, new password")),
    "certificate": ("ok", _l("a client certificate")),
    "onboarding": ("warn", _l("the onboarding secret")),
    "shared": ("warn", _l("the secret all share")),
    "none": ("warn", _l("nothing: logins are off")),
    "": ("idle", _l("not seen yet")),
}
EVIDENCE: Mapping[str, Any] = {
    "from": _l("before"), "to": _l("then"), "address": _l("from"), "other": _l("other device"), "other_address": _l("there"), "serial": _l("serial number"),
    "turns": _l("times back and forth"), "in_session": _l("within one session"),
}  # fmt: skip
TABLES: Mapping[str, Any] = {
    "operation": _l("operations"), "device_event": _l("events"), "session_record": _l("recorded sessions"), "device_file": _l("backups and logs"),
    "identity_alarm": _l("identity alarms"), "param_base": _l("the parameter tree"), "param_delta": _l("values read since"),
    "device_credential": _l("the login"), "device_tag": _l("tags"), "exchange": _l("questions of a running session"),
    "device_reach": _l("how it is reached"), "reach_attempt": _l("calls to it"), "quirk_seen": _l("what was learned of it"),
    "reach_watch": _l("who watches it"),
}  # fmt: skip

WHOLES = frozenset({"param_base", "device_credential", "device_reach", "quirk_seen", "reach_watch"})
"""Of these there is one of a device, however many rows it has."""


def target_of(rule: BlockView) -> str:
    """Whom a rule is about, in one line."""
    parts = [
        rule.network and _("from %(network)s", network=rule.network), rule.oui and f"OUI {rule.oui}", rule.product_class,
        rule.serial_pattern and _("serial %(pattern)s", pattern=rule.serial_pattern), rule.firmware and _("firmware %(version)s", version=rule.firmware),
    ]  # fmt: skip
    return ", ".join(part for part in parts if part)


def reason_words(reason: str) -> tuple[str, str, str]:
    state, word, help_ = REASONS.get(reason, ("bad", reason, ""))
    return state, str(word), str(help_)


def evidence_words(evidence: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Label and value of what was seen."""
    shown = []
    for name, label in EVIDENCE.items():
        value = evidence.get(name)
        if value not in (None, "", False):
            shown.append((str(label), _("yes") if value is True else str(value)))
    return tuple(shown)


def rows_words(counts: Mapping[str, int]) -> str:
    """ "operations (12), the login"; tables that people need no word for are left out."""
    known = ((name, str(TABLES[name]), count) for name, count in counts.items() if name in TABLES and name != "exchange")
    return ", ".join(word if name in WHOLES else f"{word} ({count})" for name, word, count in known)
