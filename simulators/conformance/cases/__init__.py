"""The cases, a module per group of groups. `load` registers them all."""

from __future__ import annotations

from importlib import import_module

from simulators.conformance.case import CASES, Case

MODULES = (
    "sessions", "cookies", "transport", "envelopes", "versions", "redirects", "informs", "events", "methods", "faults", "security", "attacks",
    "reading", "writing", "rows", "transfers", "lifecycle", "diagnostics", "calls", "optional", "quirks",
)  # fmt: skip


def load() -> dict[str, Case]:
    """All cases by id, in order."""
    for name in MODULES:
        import_module(f"simulators.conformance.cases.{name}")
    return CASES
