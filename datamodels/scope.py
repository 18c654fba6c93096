"""Which devices something is said of: an OUI, a product class and firmware versions, each left empty for any. Pure.

Quirks (acs/provisioning/quirks.py) and overlays of data models are about such scopes; of several that fit the most specific counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field


def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """ "3.10.1-rc2" sorts after "3.9": digits by value, before letters."""
    return tuple(
        (1, int(part), "") if part.isdigit() else (0, 0, part.lower()) for part in re.findall(r"[0-9]+|[a-z]+", version, re.IGNORECASE)
    )


_BOUND = re.compile(r"(>=|<=|>|<)\s*([^\s,<>=]+)")
_COMPARE = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


@dataclass(frozen=True, slots=True)
class Firmware:
    """Which versions: all, one, those with a beginning, or a range. `rank`: how specific."""

    text: str
    exact: str = ""
    prefix: str = ""
    bounds: tuple[tuple[str, str], ...] = ()

    def fits(self, version: str) -> bool:
        version = version.strip()
        if self.exact:
            return version == self.exact
        if self.prefix:
            return version.startswith(self.prefix)
        key = version_key(version)
        return all(key and _COMPARE[sign](key, version_key(bound)) for sign, bound in self.bounds)

    @property
    def rank(self) -> tuple[int, int]:
        return (3, 0) if self.exact else (2, len(self.prefix)) if self.prefix else (1, len(self.bounds)) if self.bounds else (0, 0)


def firmware(text: str) -> Firmware:
    """ "" all; "2.1.3" or "=2.1.3" this one; "2.1.*" those that begin so; ">=2.0 <3" a range. ValueError says why it is none of these."""
    text = text.strip()
    if len(text) > 80:
        raise ValueError("A firmware is named in at most 80 characters.")
    if text.startswith((">", "<")):
        bounds = tuple((sign, bound) for sign, bound in _BOUND.findall(text))
        if _BOUND.sub("", text).strip(" ,") or len(bounds) > 2:
            raise ValueError(f"{text!r} is no range of versions: write it like >=2.0 <3.0.")
        if any(not version_key(bound) for _, bound in bounds):
            raise ValueError(f"{text!r} names a bound without digits or letters.")
        return Firmware(text, bounds=bounds)
    if text.startswith("="):
        if not text[1:].strip():
            raise ValueError("After = comes a version.")
        return Firmware(text, exact=text[1:].strip())
    if text.endswith("*"):
        return Firmware(text, prefix=text[:-1]) if text[:-1] else Firmware("")
    return Firmware(text, exact=text)


def exactly(version: str) -> str:
    """How `firmware` is told this one version, whatever characters it has."""
    version = version.strip()
    return f"={version}" if version.startswith(("<", ">", "=")) or version.endswith("*") else version


@dataclass(frozen=True, slots=True)
class Scope:
    """Which devices an entry is about."""

    oui: str = ""
    product_class: str = ""
    firmware: Firmware = field(default_factory=lambda: Firmware(""))

    def fits(self, oui: str, product_class: str, version: str) -> bool:
        return self.oui in ("", oui) and _begins(self.product_class, product_class) and self.firmware.fits(version)

    @property
    def rank(self) -> tuple[int, ...]:
        """More is more specific: a product class says more than an OUI, a firmware counts within them."""
        return (
            2 if self.product_class and not self.product_class.endswith("*") else 1 if self.product_class else 0,
            bool(self.oui),
            *self.firmware.rank,
        )


def _begins(pattern: str, text: str) -> bool:
    return pattern in ("", text) or (pattern.endswith("*") and text.startswith(pattern[:-1]))
