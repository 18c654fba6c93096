"""Forwarded headers count only from proxies of ours."""

import pytest

from care.proxies import TrustedProxies


def seen(trusted: tuple[str, ...], address: str, **headers: str) -> tuple[str, str, str]:
    found = {}

    def app(environ, _start):
        found.update(environ)
        return []

    names = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    TrustedProxies(app, trusted)({"REMOTE_ADDR": address, "wsgi.url_scheme": "http", "HTTP_HOST": "inner", **names}, None)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"], found["HTTP_HOST"]


def test_stranger_cannot_choose_an_address():
    told = seen(("10.0.0.0/8",), "198.51.100.1", x_forwarded_for="127.0.0.1", x_forwarded_proto="https", x_forwarded_host="evil")
    assert told == ("198.51.100.1", "http", "inner")


def test_nearest_hop_that_is_not_ours_is_the_client():
    hops = "6.6.6.6, 198.51.100.7, 10.0.0.2"
    told = seen(("10.0.0.0/8",), "10.0.0.1", x_forwarded_for=hops, x_forwarded_proto="https", x_forwarded_host="care.example")
    assert told == ("198.51.100.7", "https", "care.example")


@pytest.mark.parametrize("value", ["", " , "])
def test_proxy_that_tells_nothing_is_the_client_itself(value):
    assert seen(("10.0.0.0/8",), "10.0.0.1", x_forwarded_for=value)[0] == "10.0.0.1"
