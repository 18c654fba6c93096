"""Keys that no database holds."""

import pytest

from care.security.permissions import Role

HUGE = 10**30


@pytest.mark.parametrize("path", [f"/users/{HUGE}", f"/api/v1/jobs/{HUGE}", "/users/9223372036854775807"])
def test_impossible_ids_are_not_found(signed_in, path):
    assert signed_in(Role.ADMIN).get(path).status_code == 404


@pytest.mark.parametrize("path", [f"/jobs/?before={HUGE}", "/jobs/?before=-1", "/audit/?before=x", "/jobs/?state=odd"])
def test_impossible_keys_of_a_page_are_left_out(signed_in, path):
    assert signed_in(Role.ADMIN).get(path).status_code == 200


def test_impossible_key_is_told_by_the_api(signed_in):
    answer = signed_in(Role.ADMIN).get(f"/api/v1/jobs?before={HUGE}")
    assert (answer.status_code, answer.json["field"]) == (422, "before")
