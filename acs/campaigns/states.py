"""The lives of a campaign and of one of its members, as tables. What is not listed is refused.

draft → canary → running ⇄ paused → finished, or aborted; a campaign that takes its changes back is rolling back until it is aborted.
"""

from enum import StrEnum

from acs.errors import Conflict


class State(StrEnum):
    DRAFT = "draft"
    CANARY = "canary"
    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling_back"
    FINISHED = "finished"
    ABORTED = "aborted"


class Event(StrEnum):
    BEGIN = "begin"
    """The list is frozen, canaries are chosen, who must agree has agreed."""
    BEGIN_WITHOUT_CANARY = "begin_without_canary"
    CANARY_PASSED = "canary_passed"
    PAUSE = "pause"
    HALT = "halt"
    """A stop rule."""
    RESUME_CANARY = "resume_canary"
    RESUME = "resume"
    FINISH = "finish"
    ABORT = "abort"
    ROLL_BACK = "roll_back"
    ROLLED_BACK = "rolled_back"


S, E = State, Event
NEXT: dict[tuple[State, Event], State] = {
    (S.DRAFT, E.BEGIN): S.CANARY,
    (S.DRAFT, E.BEGIN_WITHOUT_CANARY): S.RUNNING,
    (S.DRAFT, E.ABORT): S.ABORTED,
    (S.CANARY, E.CANARY_PASSED): S.RUNNING,
    (S.CANARY, E.FINISH): S.FINISHED,
    (S.CANARY, E.PAUSE): S.PAUSED,
    (S.CANARY, E.HALT): S.PAUSED,
    (S.CANARY, E.ABORT): S.ABORTED,
    (S.CANARY, E.ROLL_BACK): S.ROLLING_BACK,
    (S.RUNNING, E.PAUSE): S.PAUSED,
    (S.RUNNING, E.HALT): S.PAUSED,
    (S.RUNNING, E.FINISH): S.FINISHED,
    (S.RUNNING, E.ABORT): S.ABORTED,
    (S.RUNNING, E.ROLL_BACK): S.ROLLING_BACK,
    (S.PAUSED, E.RESUME_CANARY): S.CANARY,
    (S.PAUSED, E.RESUME): S.RUNNING,
    (S.PAUSED, E.ABORT): S.ABORTED,
    (S.PAUSED, E.ROLL_BACK): S.ROLLING_BACK,
    (S.FINISHED, E.ROLL_BACK): S.ROLLING_BACK,
    (S.ABORTED, E.ROLL_BACK): S.ROLLING_BACK,
    (S.ROLLING_BACK, E.ROLLED_BACK): S.ABORTED,
}
WORKING = frozenset({S.CANARY, S.RUNNING})
OVER = frozenset({S.FINISHED, S.ABORTED})


def after(state: State, event: Event, name: str = "This campaign") -> State:
    """Where the event leads. Conflict where it is not listed."""
    following = NEXT.get((state, event))
    if following is None:
        raise Conflict(f"{name} is {state.replace('_', ' ')}: {event.replace('_', ' ')} is not possible now.")
    return following


class Member(StrEnum):
    """pending → issued → watched → done; whoever is offline waits beside pending."""

    PENDING = "pending"
    OFFLINE = "offline"
    ISSUED = "issued"
    WATCHED = "watched"
    """The operation succeeded; its health is looked at for the time of the plan."""
    DONE = "done"
    UNHEALTHY = "unhealthy"
    """Succeeded, and a gate says that the device is worse off."""
    FAILED = "failed"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """The campaign ended before its turn."""
    REVERTING = "reverting"
    REVERTED = "reverted"
    KEPT = "kept"
    """Rolled back was the campaign, not this device: it cannot be, or it failed."""


M = Member
MOVES: dict[Member, frozenset[Member]] = {
    M.PENDING: frozenset({M.ISSUED, M.OFFLINE, M.SKIPPED, M.DONE, M.WATCHED, M.EXPIRED, M.CANCELLED, M.FAILED}),
    M.OFFLINE: frozenset({M.PENDING, M.EXPIRED, M.CANCELLED}),
    M.ISSUED: frozenset({M.PENDING, M.OFFLINE, M.WATCHED, M.FAILED, M.EXPIRED, M.CANCELLED}),
    M.WATCHED: frozenset({M.DONE, M.UNHEALTHY, M.REVERTING, M.KEPT}),
    M.DONE: frozenset({M.REVERTING, M.KEPT}),
    M.UNHEALTHY: frozenset({M.REVERTING, M.KEPT}),
    M.FAILED: frozenset({M.REVERTING, M.KEPT, M.PENDING}),
    M.EXPIRED: frozenset({M.REVERTING, M.KEPT, M.PENDING}),
    M.SKIPPED: frozenset({M.PENDING}),
    M.CANCELLED: frozenset({M.REVERTING, M.KEPT}),
    M.REVERTING: frozenset({M.REVERTED, M.KEPT}),
    M.REVERTED: frozenset(),
    M.KEPT: frozenset({M.REVERTING}),
}
OPEN = (M.PENDING, M.OFFLINE, M.ISSUED, M.WATCHED)
ENDED_WELL = (M.DONE, M.WATCHED)
ENDED_BADLY = (M.FAILED, M.UNHEALTHY)
"""What counts as a failure. An operation that expired after it began is failed; one that never began is expired."""
