"""Small device trees written by hand, as `path=value` lines in data/*.txt."""

from __future__ import annotations

from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"
NAMES = ("tr181-gateway", "tr181-dsl", "tr098-ont", "tr098-dsl")


@cache
def tree(name: str) -> dict[str, str]:
    """Full parameter path -> raw text. Values keep their blanks, comments start with #."""
    lines = (DATA / f"{name}.txt").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def root_of(name: str) -> str:
    return next(iter(tree(name))).partition(".")[0]
