"""Hooks in words for people."""

from typing import Any

from flask_babel import lazy_gettext as _l

from acs.hooks.views import Fault, HookKind, HookState, VersionState

KIND_WORDS: dict[str, Any] = {HookKind.VALUES: _l("values that should hold"), HookKind.VERDICT: _l("a verdict")}
STATE_WORDS: dict[str, tuple[str, Any]] = {
    HookState.ON: ("ok", _l("On")), HookState.OFF: ("idle", _l("Off")), HookState.FAILED: ("bad", _l("Switched itself off")),
}  # fmt: skip
VERSION_WORDS: dict[str, tuple[str, Any]] = {
    VersionState.DRAFT: ("info", _l("Draft")), VersionState.PUBLISHED: ("ok", _l("Published")), VersionState.RETIRED: ("idle", _l("Retired")),
}  # fmt: skip
FAULT_WORDS: dict[str, Any] = {
    Fault.SYNTAX: _l("The code cannot be read"), Fault.THREW: _l("It ended with an error"), Fault.TIME: _l("It took too long and was stopped"),
    Fault.MEMORY: _l("It took too much memory and was stopped"), Fault.STACK: _l("It calls itself without end"),
    Fault.OUTPUT: _l("Its answer is too large"), Fault.REFUSED: _l("Its answer is none that a device could be given"),
    Fault.KILLED: _l("Its process ended"), Fault.BUSY: _l("All places for hooks are taken: try again"), Fault.OFF: _l("It is switched off"),
}  # fmt: skip
