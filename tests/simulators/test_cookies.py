"""Cookies kept and returned, by the book and not."""

from __future__ import annotations

import pytest

from simulators import cookies
from simulators.http import Response
from simulators.quirks import quirks_of

URL = "http://acs.example/acs/here"


def returned(name, *answers, url=URL):
    """The Cookie header after responses that set these."""
    quirks, jar = quirks_of((name,) if name else ()), {}
    for sets in answers:
        cookies.keep(jar, Response(200, tuple(("set-cookie", each) for each in sets), b""), quirks, url)
    return cookies.header(jar, quirks)


@pytest.mark.cwmp("A-24")
def test_all_are_returned_and_the_expired_forgotten():
    assert returned("", ["a=1; Path=/; HttpOnly", "b=x y"], []) == "a=1; b=x y"
    assert returned("", ["a=1", "b=2"], ["a=; Max-Age=0", "nonsense"]) == "b=2"
    assert returned("") == ""


@pytest.mark.parametrize(
    ("name", "header"),
    [
        pytest.param("comma-cookies", "line=7, hl=a-1.x", marks=pytest.mark.quirk("K-2")),
        pytest.param("quoted-cookie", 'hl="a-1.x"', marks=pytest.mark.quirk("K-2")),
        pytest.param("empty-cookie", "hl=", marks=pytest.mark.quirk("K-5")),
        pytest.param("no-cookie", "", marks=pytest.mark.quirk("K-5")),
        pytest.param("plain-cookie-value", "hl=a-1", marks=pytest.mark.quirk("K-6")),
        pytest.param("whole-set-cookie", "hl=a-1.x; Path=/; HttpOnly", marks=pytest.mark.quirk("R-16")),
    ],
)
def test_ways_to_return_them(name, header):
    assert returned(name, ["hl=a-1.x; Path=/; HttpOnly"]) == header


@pytest.mark.quirk("K-3")
def test_paths_decide():
    sets = ["a=1; Path=/", "b=2; Path=/acs", "c=3; path=/elsewhere", "d=4"]
    assert returned("root-path-cookie", sets) == "a=1"
    assert returned("own-path-cookie", sets) == "a=1; b=2; d=4"


@pytest.mark.quirk("K-4")
def test_what_the_last_response_did_not_set_is_forgotten():
    assert returned("forgetful-cookie", ["a=1"]) == "a=1"
    assert returned("forgetful-cookie", ["a=1"], []) == ""
