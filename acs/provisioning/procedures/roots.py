"""The root of a device's tree where its Inform names none (quirk K-36): asked for before a path is built on it."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from acs.cwmp.faults import CwmpFault
from acs.cwmp.messages import GetParameterNames
from acs.cwmp.paths import ROOTS, root_of
from acs.provisioning.procedure import Answer, Context


def rooted(ctx: Context) -> Generator[Any, Answer, tuple[Context, CwmpFault | None]]:
    """The context with the root in its facts; without one, and with why, where the device does not tell it either."""
    fault: CwmpFault | None = None
    for path in () if ctx.facts.root else ("", *(f"{root}." for root in ROOTS)):
        answer = yield GetParameterNames(path, True)
        if isinstance(answer, CwmpFault):
            fault = fault or answer
            continue
        listed = (root_of(info.name) for info in answer.parameter_list)
        root = next((root for root in listed if root in ROOTS), "")
        if root:
            return replace(ctx, facts=replace(ctx.facts, root=root)), None
    return ctx, None if ctx.facts.root else fault or CwmpFault(9005, "no tree with a known root is listed")
