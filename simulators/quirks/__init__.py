"""Departures of real devices from the standard, as data: profiles.toml beside this file names each."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Quirks:
    """How a device behaves on the wire; the defaults follow the standard. `retry_offset` is added to the RetryCount it reports."""

    send_cookies: bool = True
    keep_cookies: bool = False
    keep_alive: bool = True
    http10: bool = False
    expect: bool = False
    chunked: bool = False
    content_type: str = "text/xml; charset=utf-8"
    soap_action: bool = True
    empty_post: bool = True
    retry_offset: int = 0
    bootstrap_each_boot: bool = False
    cr_qop: bool = True
    cr_basic: bool = False
    transfer_complete: bool = True


@cache
def named() -> dict[str, dict[str, Any]]:
    """Every quirk by its name, with what it says about itself under `says`."""
    return tomllib.loads((Path(__file__).parent / "profiles.toml").read_text())


def quirks_of(names: tuple[str, ...]) -> Quirks:
    """All the named quirks together. KeyError naming one that does not exist."""
    known = {field.name for field in fields(Quirks)}
    found = Quirks()
    for name in names:
        found = replace(found, **{key: value for key, value in named()[name].items() if key in known})
    return found
