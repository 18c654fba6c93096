"""Versions in the order people mean: 1.2.9 before 1.2.10, a release candidate before its release. Pure."""

import re
from functools import lru_cache

_PARTS = re.compile(r"\d+|[a-z]+")
_BEFORE = frozenset({"alpha", "beta", "rc", "pre", "preview", "dev", "snapshot"})
_END = (1, 0, "")


@lru_cache(maxsize=65536)
def version_key(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key to sort versions by: numbers as numbers, letters without case; what stands between is not looked at."""
    found = []
    for part in _PARTS.findall(version.lower()):
        if part.isdecimal():
            found.append((3, int(part), ""))
        else:
            found.append((0 if part in _BEFORE else 2, 0, part))
    return (*found, _END)


def compare_versions(one: str, other: str) -> int:
    """-1, 0 or 1: which of the two is the older."""
    a, b = version_key(one), version_key(other)
    return (a > b) - (a < b)
