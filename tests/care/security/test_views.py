"""What is handed out of people."""

from dataclasses import fields, replace

import pytest

from care.security.permissions import Permission, Role
from care.security.views import Identity, UserView
from tests.care.conftest import ADMIN, PASSWORD


@pytest.fixture
def anna(security) -> UserView:
    return security.create_user(ADMIN, "anna", "Anna Maria Adler", Role.AGENT, PASSWORD)[0]


def test_no_view_has_a_hash(anna):
    assert not [field.name for field in fields(anna) if "hash" in field.name or "password" in field.name]


@pytest.mark.parametrize(("name", "initials"), [("Anna Maria Adler", "AA"), ("Bo", "BO"), ("  ", "AN"), ("x", "X")])
def test_initials(anna, name, initials):
    assert replace(anna, name=name).initials == initials


def test_role_decides_what_one_may(anna):
    assert anna.may(Permission.REBOOT)
    assert not anna.may(Permission.FACTORY_RESET)
    assert replace(anna, role=Role.ENGINEER).may(Permission.FACTORY_RESET)


def test_actor_is_the_person_or_their_token(anna):
    assert Identity(anna, "s").actor_name == "user:anna"
    assert Identity(anna, "s", "noc").actor_name == "token:anna/noc"
