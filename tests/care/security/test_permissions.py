"""The table of roles."""

from care.security.permissions import PERMISSION_WORDS, PERMISSIONS, ROLE_HELP, ROLE_WORDS, Permission, Role, roles_with


def test_each_role_has_all_of_the_one_below():
    viewer, agent, engineer, admin = (PERMISSIONS[role] for role in (Role.VIEWER, Role.AGENT, Role.ENGINEER, Role.ADMIN))
    assert viewer < agent < engineer < admin


def test_everything_has_a_word():
    assert set(PERMISSION_WORDS) == set(Permission)
    assert set(ROLE_WORDS) == set(ROLE_HELP) == set(Role) == set(PERMISSIONS)


def test_viewer_changes_nothing_on_devices():
    assert PERMISSIONS[Role.VIEWER] == {Permission.VIEW_DEVICES, Permission.OWN_PROFILE, Permission.OWN_TOKENS}


def test_agent_may_change_wifi_but_not_any_parameter():
    assert Permission.WRITE_BASIC in PERMISSIONS[Role.AGENT]
    assert not {Permission.WRITE_PARAMETERS, Permission.FACTORY_RESET, Permission.VIEW_SECRETS} & PERMISSIONS[Role.AGENT]


def test_only_administrators_manage_users():
    assert roles_with(Permission.MANAGE_USERS) == (Role.ADMIN,)
