"""What is wrong with this home, in one sentence: facts in, verdict out. Pure; evidence.py gathers the facts.

Every rule is one function that gives a finding or none; the first by rank is the cause. A cell of the strip shows the worst finding of
its area, or why all is well there, or that nothing is known yet: never a guess. Tests: tests/care/devices/test_verdict.py.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import ngettext

from acs.devices.views import Presence
from care.devices import words
from care.devices.channels import Crowding
from datamodels.canonical import Health, Limits

JUST_RESTARTED = timedelta(minutes=15)


class Area(StrEnum):
    ACCOUNT = "account"
    CIRCUIT = "circuit"
    ROUTER = "router"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Band:
    """One WiFi network. `security` is a canonical word, None where not reported."""

    label: str
    enabled: bool | None
    security: str | None


@dataclass(frozen=True, slots=True)
class Dhcp:
    """What the router hands out, beside what it is itself; texts as the device has them."""

    enabled: bool | None
    first: str
    last: str
    gateways: tuple[str, ...]
    lan_address: str
    lan_mask: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All a verdict is made from. None means not known."""

    now: datetime
    presence: Presence
    has_tree: bool
    last_inform_at: datetime | None = None
    last_boot_at: datetime | None = None
    uptime_s: int | None = None
    version: str = ""
    newest_version: str = ""
    """The newest fitting image of the library, if it is newer than `version`."""
    rx_dbm: float | None = None
    rx_health: Health | None = None
    rx_limits: Limits | None = None
    wan_status: str | None = None
    wan_address: str = ""
    bands: tuple[Band, ...] = ()
    dhcp: Dhcp | None = None
    crowding: Crowding | None = None
    uptime_at: datetime | None = None
    """When `uptime_s` was told: it has grown since."""
    weak_clients: int = 0
    """Connected devices of the home with a weak signal."""
    line_at: datetime | None = None
    home_at: datetime | None = None
    """The oldest value that the cell is decided from."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. `state` is warn or bad."""

    area: Area
    state: str
    word: str
    evidence: str
    sentence: str
    advice: str
    fix: str = ""
    """Where it is put right: "line", "home", "wifi", "hosts", "firmware", or "" where no setting helps."""


@dataclass(frozen=True, slots=True)
class Cell:
    area: Area
    state: str
    word: str
    evidence: str
    is_cause: bool = False
    at: datetime | None = None
    """The age of what the cell is decided from; None where nothing is."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentence` names the cause in plain words; `findings` are all, the cause first."""

    state: str
    sentence: str
    advice: str
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    fix: str = ""


def judge(facts: Facts) -> Verdict:
    findings = tuple(found for rule in RULES if (found := rule(facts)) is not None)
    cause = findings[0] if findings else None
    cells = tuple(replace(_cell(area, facts, findings, cause), at=_age_of(area, facts)) for area in Area)
    if cause is not None:
        return Verdict(cause.state, cause.sentence, cause.advice, cells, findings, cause.fix)
    if not facts.has_tree:
        return Verdict("idle", _("Nothing can be said yet: the device has not been read."), "", cells, ())
    return Verdict("ok", _("Nothing wrong was found in the line, the router and the home."), "", cells, ())


# ---- rules, the gravest first ------------------------------------------------------------------------------


def silent(f: Facts) -> Finding | None:
    if f.presence is not Presence.SILENT or f.last_inform_at is None:
        return None
    since = words.duration(f.now - f.last_inform_at)
    return Finding(
        Area.ROUTER, "warn", _("Silent"), _("No contact for %(time)s", time=since),
        _("The router has been silent for %(time)s: it has no power, no line, or cannot reach us.", time=since),
        _("Ask whether it has power and which lights are on. What is asked of it now waits until it speaks."),
    )  # fmt: skip


def light(f: Facts) -> Finding | None:
    if f.rx_dbm is None or f.rx_health not in (Health.BAD, Health.WARN) or f.rx_limits is None:
        return None
    value = words.quantity(f.rx_dbm, "dBm")
    strong = f.rx_limits.warn_low is None or f.rx_dbm > f.rx_limits.warn_low
    limit = f.rx_limits.bad_high if strong else f.rx_limits.bad_low
    told = f"{words.number(limit if limit is not None else f.rx_dbm)}{words.NBSP}dBm"
    evidence = _("Light %(value)s, limit %(limit)s", value=value, limit=told)
    advice = _("Look at the fibre, its bends and connectors, from the wall to the router; then send somebody with a meter.")
    if strong:
        sentence = _("Too much light reaches the router over the fibre: %(value)s, the limit is %(limit)s.", value=value, limit=told)
        cure = _("An attenuator is missing, or the wrong port is in use.")
        return Finding(Area.CIRCUIT, "bad", _("Too strong"), evidence, sentence, cure, "line")
    if f.rx_health is Health.BAD:
        sentence = _("Too little light reaches the router over the fibre: %(value)s, the limit is %(limit)s.", value=value, limit=told)
        return Finding(Area.CIRCUIT, "bad", _("Too weak"), evidence, sentence, advice, "line")
    sentence = _("The light on the fibre is getting weak: %(value)s, the limit is %(limit)s.", value=value, limit=told)
    return Finding(Area.CIRCUIT, "warn", _("Weak"), evidence, sentence, advice, "line")


def no_internet(f: Facts) -> Finding | None:
    if f.wan_status not in ("down", "error", "connecting"):
        return None
    if f.wan_status == "connecting":
        return Finding(
            Area.CIRCUIT, "warn", _("Connecting"), _("The internet connection is not up yet"),
            _("The router is still trying to connect to the internet."),
            _("If it stays so for some minutes, check its login and the line."), "line",
        )  # fmt: skip
    return Finding(
        Area.CIRCUIT, "bad", _("Down"), _("The internet connection is down"),
        _("The router speaks to us, but its internet connection is down."),
        _("Check its login and the line; a restart sometimes helps."), "line",
    )  # fmt: skip


def wrong_addresses(f: Facts) -> Finding | None:
    d = f.dhcp
    if d is None or d.enabled is False:
        return None
    home, first, last = _network(d.lan_address, d.lan_mask), _address(d.first), _address(d.last)
    if home is None or first is None or last is None:
        return None
    pool = _("%(first)s to %(last)s", first=d.first, last=d.last)
    if first not in home or last not in home:
        return Finding(
            Area.HOME, "bad", _("Wrong addresses"), _("Hands out %(pool)s, is %(own)s itself", pool=pool, own=d.lan_address),
            _("The router gives the home addresses of another network (%(pool)s) than its own (%(own)s): nothing that joins now can reach "
              "the internet.", pool=pool, own=d.lan_address),
            _("Set first and last address into the router's own network, on the Home tab."), "home",
        )  # fmt: skip
    if int(first) > int(last):
        return Finding(
            Area.HOME, "bad", _("No addresses"), _("First address %(first)s is above the last, %(last)s", first=d.first, last=d.last),
            _("The router has no addresses to give to the home: the first one is above the last."), _("Exchange first and last address."),
            "home",
        )  # fmt: skip
    outside = [gateway for gateway in d.gateways if (a := _address(gateway)) is not None and a not in home]
    if outside:
        return Finding(
            Area.HOME, "bad", _("Wrong gateway"), _("Hands out gateway %(gateway)s", gateway=outside[0]),
            _("The router sends the home to a gateway it cannot reach (%(gateway)s).", gateway=outside[0]),
            _("Set the gateway to the router's own address."), "home",
        )  # fmt: skip
    return None


def open_wifi(f: Facts) -> Finding | None:
    bare = [band.label for band in f.bands if band.enabled is not False and band.security == "open"]
    if not bare:
        return None
    named = _(" and ").join(bare)
    return Finding(
        Area.HOME, "bad", _("Open WiFi"), _("No password on %(bands)s", bands=named),
        _("The WiFi on %(bands)s has no password: anybody nearby can use the connection and listen.", bands=named),
        _("Choose WPA2 and a password on the WiFi tab; everything in the home then needs it once."), "wifi",
    )  # fmt: skip


def old_firmware(f: Facts) -> Finding | None:
    if not f.newest_version:
        return None
    return Finding(
        Area.ROUTER, "warn", _("Outdated"), _("Firmware %(old)s, the library has %(new)s", old=f.version, new=f.newest_version),
        _("The router runs old firmware: %(old)s, while %(new)s is in the library.", old=f.version, new=f.newest_version),
        _("Update it when the customer can do without internet for about five minutes."), "firmware",
    )  # fmt: skip


def no_dhcp(f: Facts) -> Finding | None:
    if f.dhcp is None or f.dhcp.enabled is not False:
        return None
    return Finding(
        Area.HOME, "warn", _("No addresses"), _("The DHCP server is switched off"),
        _("The router hands out no addresses to the home: its DHCP server is switched off."),
        _("Switch it on, unless another device in the home does it."), "home",
    )  # fmt: skip


def crowded(f: Facts) -> Finding | None:
    c = f.crowding
    if c is None or not c.crowded:
        return None
    count = ngettext("%(num)d strong neighbour", "%(num)d strong neighbours", c.overlapping)
    advice = _("Channel %(better)d is quieter.", better=c.better) if c.better else _("No channel is clearly quieter; 5 GHz would be.")
    return Finding(
        Area.HOME, "warn", _("Crowded"), _("2.4 GHz channel %(channel)d, shared with %(count)s", channel=c.channel, count=count),
        _("The 2.4 GHz WiFi shares channel %(channel)d with %(count)s.", channel=c.channel, count=count), advice, "wifi",
    )  # fmt: skip


def weak_signal(f: Facts) -> Finding | None:
    if not f.weak_clients:
        return None
    told = ngettext("%(num)d device has a weak signal", "%(num)d devices have a weak signal", f.weak_clients)
    return Finding(
        Area.HOME, "warn", _("Weak signal"), told, _("%(told)s.", told=told),
        _("Move the router or the device, or add a repeater; the Home tab shows which it is."), "hosts",
    )  # fmt: skip


RULES: tuple[Callable[[Facts], Finding | None], ...] = (
    silent, light, no_internet, wrong_addresses, open_wifi, no_dhcp, crowded, old_firmware, weak_signal,
)  # fmt: skip
"""By rank. Old firmware comes late: it is seldom why somebody calls. A weak signal comes last: one telephone in the garden is ordinary."""


# ---- cells -------------------------------------------------------------------------------------------------


def _cell(area: Area, f: Facts, findings: tuple[Finding, ...], cause: Finding | None) -> Cell:
    if area is Area.ACCOUNT:
        return Cell(area, "idle", _("Not connected"), _("Not connected to an account yet"))
    own = sorted((found for found in findings if found.area is area), key=lambda found: found.state != "bad")
    if own:
        return Cell(area, own[0].state, own[0].word, own[0].evidence, own[0] is cause or (cause is not None and cause.area is area))
    return {Area.CIRCUIT: _circuit, Area.ROUTER: _router, Area.HOME: _home}[area](f)


def _circuit(f: Facts) -> Cell:
    parts = []
    if f.rx_dbm is not None:
        parts.append(_("Light %(value)s", value=words.quantity(f.rx_dbm, "dBm")))
    if f.wan_status == "up":
        parts.append(_("internet up") if parts else _("Internet up"))
    if not parts:
        return _unknown(Area.CIRCUIT)
    return Cell(Area.CIRCUIT, "ok", _("Healthy"), ", ".join(parts))


def _router(f: Facts) -> Cell:
    if f.presence is Presence.NEVER:
        return Cell(Area.ROUTER, "idle", _("Not seen yet"), _("Registered, has never spoken to us"))
    if f.presence is Presence.QUARANTINE:
        return Cell(Area.ROUTER, "info", _("In quarantine"), _("Waits to be admitted"))
    if f.presence is Presence.BLOCKED:
        return Cell(Area.ROUTER, "idle", _("Blocked"), _("Nothing is asked of it"))
    up = _uptime(f)
    if up is not None and up < JUST_RESTARTED.total_seconds():
        return Cell(Area.ROUTER, "info", _("Just restarted"), _("Up %(time)s", time=words.duration(up)))
    parts = [_("Up %(time)s", time=words.duration(up))] if up is not None else [_("Speaks to us")]
    if f.version:
        parts.append(_("firmware %(version)s", version=f.version))
    return Cell(Area.ROUTER, "ok", _("Healthy"), ", ".join(parts))


def _uptime(f: Facts) -> int | None:
    """How long it has run by now: what it told, and the time since; a restart that came later counts instead."""
    if f.last_boot_at is not None and (f.uptime_s is None or (f.uptime_at is not None and f.last_boot_at > f.uptime_at)):
        return int((f.now - f.last_boot_at).total_seconds())
    if f.uptime_s is None or f.uptime_at is None:
        return f.uptime_s
    return f.uptime_s + max(0, int((f.now - f.uptime_at).total_seconds()))


def _age_of(area: Area, f: Facts) -> datetime | None:
    return {Area.ACCOUNT: None, Area.CIRCUIT: f.line_at, Area.ROUTER: f.last_inform_at, Area.HOME: f.home_at}[area]


def _home(f: Facts) -> Cell:
    on = [band for band in f.bands if band.enabled is not False]
    if not f.bands and f.dhcp is None:
        return _unknown(Area.HOME)
    if f.bands and not on:
        return Cell(Area.HOME, "info", _("WiFi is off"), _("All WiFi networks are switched off"))
    protected = _("WiFi protected") if on and all(band.security for band in on) else _("WiFi on") if on else _("No WiFi")
    parts = [protected]
    if f.crowding is not None:
        parts.append(_("channel %(channel)d is quiet enough", channel=f.crowding.channel))
    elif f.dhcp is not None and f.dhcp.enabled:
        parts.append(_("addresses fit"))
    return Cell(Area.HOME, "ok", _("Healthy"), ", ".join(parts))


def _unknown(area: Area) -> Cell:
    return Cell(area, "idle", _("Not known yet"), _("Nothing was read that would tell"))


def _address(text: str) -> ipaddress.IPv4Address | None:
    try:
        return ipaddress.IPv4Address(text.strip())
    except ValueError:
        return None


def _network(address: str, mask: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(f"{address.strip()}/{mask.strip()}", strict=False)
    except ValueError:
        return None
