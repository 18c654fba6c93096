"""Versions of firmware compared, and the rule of an image that says from which versions it can be loaded. Pure.

A rule is alternatives parted by `|`; each is one version (`1.4.2`), a family (`1.4.*`), a range with both ends (`1.2..1.9`) or comparisons
parted by commas (`>=1.2, <2.0`). An empty rule admits every version, an unknown one too.
"""

import re
from dataclasses import dataclass

from acs.errors import Invalid
from acs.finding.versions import version_key

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+: -]{0,62}")
RULE_MOST = 300
_SIGN = re.compile(r"(>=|<=|>|<|=)?\s*(.*)", re.DOTALL)


__all__ = ["VERSION", "Bound", "admits", "parse_rule", "version_key"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison; sign "*" is a family: `version` and what continues it."""

    sign: str
    version: str

    def holds(self, version: str) -> bool:
        if self.sign == "*":
            return version_key(version)[: len(version_key(self.version)) - 1] == version_key(self.version)[:-1]
        ours, theirs = version_key(version), version_key(self.version)
        return {"=": ours == theirs, ">": ours > theirs, ">=": ours >= theirs, "<": ours < theirs, "<=": ours <= theirs}[self.sign]


Rule = tuple[tuple[Bound, ...], ...]


def parse_rule(text: str) -> Rule:
    """Alternatives, each of bounds that hold together. Invalid (field from_versions) names the part that cannot be read."""
    if len(text) > RULE_MOST:
        raise Invalid(f"A rule of versions has at most {RULE_MOST} characters; this one has {len(text)}.", "from_versions")
    return tuple(_bounds(part.strip()) for part in text.split("|")) if text.strip() else ()


def admits(text: str, version: str) -> bool:
    """Whether an image with this rule can be loaded where `version` runs."""
    rule = parse_rule(text)
    return not rule or (bool(version) and any(all(bound.holds(version) for bound in bounds) for bounds in rule))


def _bounds(part: str) -> tuple[Bound, ...]:
    low, between, high = part.partition("..")
    if between:
        return Bound(">=", _version(low, part)), Bound("<=", _version(high, part))
    found = []
    for piece in part.split(","):
        sign, version = _SIGN.fullmatch(piece.strip()).groups()  # type: ignore[union-attr]  # it matches everything
        if version.endswith("*") and sign in (None, "="):
            found.append(Bound("*", _version(version.rstrip("*").rstrip("."), part)))
        else:
            found.append(Bound(sign or "=", _version(version, part)))
    return tuple(found)


def _version(text: str, part: str) -> str:
    text = text.strip()
    if not VERSION.fullmatch(text):
        raise Invalid(f"{part!r} is no rule of versions: 1.4.2, 1.4.*, 1.2..1.9, or >=1.2, <2.0; alternatives parted by |.", "from_versions")
    return text
