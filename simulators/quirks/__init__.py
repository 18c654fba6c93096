"""Departures of real devices from the standard, as data: profiles.toml beside this file names each.

A profile is a table of knobs; `Quirks` holds them, and each is read in one place: HTTP ones in transport.py, envelopes in wire.py, the
session in session.py, what an Inform says in informs.py, answers to RPCs in oddities.py, files in transfer_queue.py and transfers.py,
connection requests in connection_request.py. A knob of words names functions there, with arguments after the word: `"at-most 32"`.
Tests: tests/simulators/quirks/ shows each on the wire, tests/integration/test_quirks.py plays each against our own ACS.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from acs.errors import WrongEnvironment

ABOUT = ("says", "rows", "expect", "because", "model")
"""What a profile says beside its knobs."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a device behaves on the wire; the defaults follow the standard."""

    # HTTP
    send_cookies: bool = True
    keep_cookies: bool = False
    cookie: str = ""
    """How cookies are sent back: `comma`, `quoted`, `whole` (with attributes), `empty`, `letters` (odd characters lost)."""
    cookie_rule: str = ""
    """Which are: `root-path` only those set for /, `own-path` those whose path is that of the URL, `each-response` the last answer's."""
    keep_alive: bool = True
    close_at: int = 0
    """The POST of each session that says Connection: close."""
    hang_up_at: int = 0
    """The POST of the first session after power on whose answer is not waited for."""
    shared_line: bool = False
    """All devices of the fleet on one connection, as behind a proxy."""
    http10: bool = False
    expect_continue: bool = False
    chunked: bool = False
    trickle: int = 0
    """Octets in a piece of a request; a pause of 5 ms between pieces."""
    coding: str = ""
    """gzip or deflate for every body; with `!` for empty ones too, of no octet."""
    content_type: str = "text/xml; charset=utf-8"
    soap_action: bool = True
    blank: str = ""
    """What an empty POST holds."""
    login: str = ""
    """`never`, `broken`, `basic-unasked`, `each-post` (always asked first), `empty-first`, `no-uri`, `wrong`."""
    # envelopes
    xml: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """What it needs in the envelopes of an ACS."""
    # sessions
    empty_post: bool = True
    empties: int = 1
    """Empty answers it needs to end."""
    empty_answers: tuple[str, ...] = ()
    """RPCs answered with an empty POST."""
    inform_again_at: int = 0
    """The answer of the first session at which it begins anew."""
    session_timeout_s: int = 0
    versions: str = ""
    reports: tuple[str, ...] = ()
    reboots_after_report: bool = False
    lingers: bool = False
    """Does not close its connection."""
    storm_s: float = 0.0
    """A value changes so long after every session."""
    # Inform
    inform: tuple[str, ...] = ()
    retry_offset: int = 0
    bootstrap_each_boot: bool = False
    # RPCs
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    padding: int = 0
    """Vendor parameters of 1000 characters added to the tree."""
    # files
    transfer_complete: bool = True
    files: tuple[str, ...] = ()
    # connection requests
    cr_qop: bool = True
    cr_basic: bool = False
    cr: tuple[str, ...] = ()
    cr_url: str = ""
    """`empty`, `private`, `changes`, `ipv6`."""
    udp: tuple[str, ...] = ()
    """`bad-address`, `three-datagrams`, `sorted-hmac`: for whoever listens for datagrams."""

    def number(self, knob: str, word: str) -> float | None:
        """The argument of a word of a knob, 0 if it has none; None where the word is not there."""
        for text in getattr(self, knob):
            name, _, argument = text.partition(" ")
            if name == word:
                return float(argument or 0)
        return None


KNOBS = {field.name: field for field in fields(Quirks)}


@cache
def named() -> dict[str, dict[str, Any]]:
    """Every quirk by its name: its knobs, `says`, `rows` of the quirk list, and `expect`.

    `expect` is "session" where an ACS is to finish a provisioning session with such a device, "refusal" where it cannot and `because`
    says what it is to show instead.
    """
    profiles = tomllib.loads((Path(__file__).parent / "profiles.toml").read_text())
    return {name: {"expect": "session", "because": "", **profile} for name, profile in profiles.items()}


def rows() -> frozenset[str]:
    """Rows of the quirk list that have a profile."""
    return frozenset(row for profile in named().values() for row in profile["rows"])


STANDARD = Quirks()
"""Of a device that departs from nothing: shared by all of them."""


def quirks_of(names: Sequence[str]) -> Quirks:
    """All the named quirks together: words add up, of other knobs the last counts. `FILE.toml` and `FILE.toml:name` read a file.

    KeyError naming one that does not exist, WrongEnvironment for a file that cannot be read.
    """
    if not names:
        return STANDARD
    found = Quirks()
    for name in names:
        found = _with(found, profile_in_file(name) if ".toml" in name else named()[name])
    return found


def _with(quirks: Quirks, profile: dict[str, Any]) -> Quirks:
    given = {key: value for key, value in profile.items() if key in KNOBS}
    for key, value in given.items():
        if isinstance(value, list):
            given[key] = (*getattr(quirks, key), *value)
    return replace(quirks, **given)


def profile_in_file(text: str) -> dict[str, Any]:
    """A profile from a file of the same tables, or from an export of the ACS's registry, which has them under `simulator`."""
    place, _, name = text.partition(".toml")
    path = Path(place + ".toml")
    try:
        given = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongEnvironment(f"Quirk file {path} cannot be read: {error}") from None
    profiles = given.get("simulator", given)
    tables = {key: value for key, value in profiles.items() if isinstance(value, dict)} if isinstance(profiles, dict) else {}
    wanted = name.removeprefix(":")
    if not wanted and len(tables) == 1:
        wanted = next(iter(tables))
    if wanted not in tables:
        raise WrongEnvironment(f"Quirk file {path}: say which profile, as {path}:NAME; there are {', '.join(tables) or 'none'}")
    unknown = set(tables[wanted]) - set(KNOBS) - set(ABOUT)
    if unknown:
        raise WrongEnvironment(f"Quirk file {path}: there is no knob {sorted(unknown)[0]!r}")
    return tables[wanted]


def check(names: Sequence[str]) -> None:
    """WrongEnvironment listing the names there are, for one nobody knows."""
    for name in names:
        if ".toml" in name:
            profile_in_file(name)
        elif name not in named():
            raise WrongEnvironment(f"No quirk {name!r}; there are {', '.join(named())}")
