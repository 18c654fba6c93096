"""Hooks and their versions, as people keep them: acs/hooks/service.py."""

import pytest

from acs import audit
from acs.errors import Conflict, Invalid, NotFound
from acs.hooks import service as hooks
from acs.hooks.models import Hook
from acs.hooks.runner import CODE_MOST
from acs.hooks.views import HookState, VersionState


@pytest.fixture
def do(any_database, actor, now):
    def call(function, *args, **given):
        with any_database.write() as unit:
            return function(unit, given.pop("actor", actor), *args, **given)

    return call


@pytest.fixture
def ask(any_database):
    def call(function, *args, **given):
        with any_database.read() as session:
            return function(session, given.pop("tenant", 1), *args, **given)

    return call


@pytest.fixture
def hook(do, now):
    return do(hooks.create, now, "quiet", code="function hook(d) { return {}; }")


def states(ask, hook):
    return [(version.number, version.state.value) for version in ask(hooks.versions, hook)]


def actions(any_database):
    with any_database.read() as session:
        return [line.action for line in audit.lines(session, 1)]


def test_hook_goes_from_draft_to_published_to_retired(any_database, do, ask, hook, now):
    view = ask(hooks.get, hook)
    assert (view.name, view.kind, view.state, view.published, view.draft, view.runs) == ("quiet", "values", HookState.ON, None, 1, 0)
    do(hooks.publish, hook, 1, now)
    assert do(hooks.save_draft, hook, "two", now, note="better") == 2
    assert do(hooks.save_draft, hook, "two again", now) == 2
    assert states(ask, hook) == [(2, "draft"), (1, "published")]
    do(hooks.publish, hook, 2, now)
    assert states(ask, hook) == [(2, "published"), (1, "retired")]
    do(hooks.publish, hook, 1, now)
    assert states(ask, hook) == [(2, "retired"), (1, "published")]
    do(hooks.retire, hook, now)
    assert (ask(hooks.get, hook).published, states(ask, hook)) == (None, [(2, "retired"), (1, "retired")])
    assert actions(any_database) == [
        "hook.retire", "hook.publish", "hook.publish", "hook.draft", "hook.draft", "hook.publish", "hook.draft", "hook.create",
    ]  # fmt: skip


def test_what_was_published_is_never_changed(do, ask, hook, now):
    do(hooks.publish, hook, 1, now)
    do(hooks.save_draft, hook, "other", now)
    assert ask(hooks.version, hook, 1).code == "function hook(d) { return {}; }"
    with pytest.raises(Conflict, match="published already"):
        do(hooks.publish, hook, 1, now)
    with pytest.raises(Conflict, match="switched off, not deleted"):
        do(hooks.remove, hook, now)


def test_difference_of_two_versions_is_told_in_lines(do, ask, hook, now):
    do(hooks.publish, hook, 1, now)
    do(hooks.save_draft, hook, "function hook(d) { return {}; }\n// more", now)
    assert ask(hooks.difference, hook, 1, 2) == ("@@ -1 +1,2 @@", " function hook(d) { return {}; }", "+// more")
    assert ask(hooks.difference, hook, 1, 1) == ()


def test_hook_is_switched_off_and_on(do, ask, hook, now):
    do(hooks.switch, hook, False, now, "trouble with the north")
    view = ask(hooks.get, hook)
    assert (view.state, view.off_reason, view.off_at) == (HookState.OFF, "trouble with the north", now)
    do(hooks.switch, hook, True, now)
    assert (ask(hooks.get, hook).state, ask(hooks.get, hook).off_at) == (HookState.ON, None)


def test_new_version_gives_a_hook_that_failed_another_chance_but_not_one_that_is_off(any_database, do, ask, hook, now):
    for state, after in ((HookState.FAILED, HookState.ON), (HookState.OFF, HookState.OFF)):
        number = do(hooks.save_draft, hook, f"for {state}", now)
        with any_database.write() as unit:
            unit.session.get(Hook, hook).state = state.value
        do(hooks.publish, hook, number, now)
        assert ask(hooks.get, hook).state is after


def test_limits_and_secrets_are_changed_with_a_trail(any_database, do, ask, hook, now):
    do(hooks.change, hook, now, time_ms=500, sees_secrets=True, description=" d ")
    do(hooks.change, hook, now, time_ms=500)
    view = ask(hooks.get, hook)
    assert (view.limits.time_ms, view.limits.memory_mb, view.sees_secrets, view.description) == (500, 16, True, "d")
    assert actions(any_database).count("hook.change") == 1
    for wrong in ({"time_ms": 5}, {"time_ms": 60_000}, {"memory_mb": 1000}):
        with pytest.raises(Invalid) as caught:
            do(hooks.change, hook, now, **wrong)
        assert caught.value.field == next(iter(wrong))


@pytest.mark.parametrize(
    ("given", "field"), [({"name": "Bad Name"}, "name"), ({"name": ""}, "name"), ({"kind": "magic"}, "kind"), ({"code": "x" * (CODE_MOST + 1)}, "code"),
                         ({"code": "\x00"}, "code"), ({"time_ms": 1}, "time_ms")],
)  # fmt: skip
def test_what_is_wrong_with_a_hook_is_named(do, ask, given, field, now):
    with pytest.raises(Invalid) as caught:
        do(hooks.create, now, **{"name": "fine", **given})
    assert caught.value.field == field
    assert ask(hooks.listed) == ()


def test_name_is_given_once_and_found_again(do, ask, hook, now):
    with pytest.raises(Conflict, match="quiet already"):
        do(hooks.create, now, "quiet")
    assert ask(hooks.named, "quiet").id == hook
    assert [view.name for view in ask(hooks.listed)] == ["quiet"]
    do(hooks.remove, hook, now)
    with pytest.raises(NotFound):
        ask(hooks.named, "quiet")


def test_hooks_of_another_tenant_do_not_exist(do, ask, hook, other_actor, now):
    for call in ((hooks.get, hook), (hooks.named, "quiet"), (hooks.versions, hook), (hooks.version, hook, 1), (hooks.difference, hook, 1, 1)):
        with pytest.raises(NotFound):
            ask(*call, tenant=2)
    changes = (
        (hooks.publish, hook, 1), (hooks.retire, hook), (hooks.switch, hook, False), (hooks.remove, hook), (hooks.change, hook), (hooks.save_draft, hook, "x"),
    )  # fmt: skip
    for call in changes:
        with pytest.raises(NotFound):
            do(*call, now, actor=other_actor)
    assert ask(hooks.listed, tenant=2) == ()
    assert ask(hooks.version, hook, 1).state is VersionState.DRAFT
    assert do(hooks.create, now, "quiet", actor=other_actor) != hook
