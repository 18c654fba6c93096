"""The left bar."""

import re

import pytest

from care.navigation import AREAS
from care.security.permissions import PERMISSIONS, Role


@pytest.mark.parametrize("role", list(Role))
def test_only_areas_of_the_role_that_exist_are_there(app, signed_in, role):
    page = signed_in(role).get("/profile/").get_data(as_text=True)
    nav = page.partition('<nav class="hl-nav"')[2].partition("</nav>")[0]
    shown = set(re.findall(r"<span>([^<]+)</span></a></li>", nav))
    assert shown == {str(area.label) for area in AREAS if area.permission in PERMISSIONS[role] and area.endpoint in app.view_functions}


def test_current_area_is_marked(signed_in):
    page = signed_in(Role.ADMIN).get("/users/new").get_data(as_text=True)
    assert re.search(r'href="/users/" aria-current="true"', page)
    assert page.count('aria-current="true"') == 1


def test_search_is_there_for_whoever_may_see_devices(app, signed_in):
    page = signed_in(Role.VIEWER).get("/profile/").get_data(as_text=True)
    assert ('id="search"' in page) == ("devices.index" in app.view_functions)
