"""Errors name themselves to people and programs: acs/errors.py."""

import pytest

from acs import errors


def _all(kind: type[errors.HearthlineError]) -> list[type[errors.HearthlineError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in _all(below))]


def test_every_error_has_a_client_status_and_a_code_of_its_own():
    kinds = [kind for kind in _all(errors.HearthlineError) if kind.__module__ == "acs.errors"]
    assert all(400 <= kind.status < 500 for kind in kinds)
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize(
    ("kind", "status"),
    [(errors.NotFound, 404), (errors.UnknownDevice, 404), (errors.Invalid, 422), (errors.Conflict, 409), (errors.Forbidden, 403), (errors.TooLarge, 413)],
)
def test_status_says_what_kind_of_refusal_it_is(kind, status):
    assert kind.status == status


def test_unknown_device_can_be_caught_as_not_found():
    with pytest.raises(errors.NotFound):
        raise errors.UnknownDevice("There is no device 7.")


def test_invalid_names_the_field_it_is_about():
    assert errors.Invalid("too short", "serial").field == "serial"
    assert errors.Invalid("too short").field is None
    assert str(errors.Invalid("too short", "serial")) == "too short"


def test_wrong_environment_is_nothing_a_page_answers_with():
    assert not issubclass(errors.WrongEnvironment, errors.HearthlineError)
