"""One request in a thread: status, cookies, JSON; and failures in words."""

import pytest
import pytest_twisted

from simulators.conformance.driver import DriverFailed
from simulators.conformance.drivers.http import Reply, ask_json, request


def test_cookies_of_answers_replace_older_ones():
    first = Reply(200, (("Set-Cookie", "a=1; Path=/"), ("set-cookie", "b=2")), b"")
    assert first.cookies() == "a=1; b=2"
    assert Reply(200, (("Set-Cookie", "a=3"),), b"").cookies(first.cookies()) == "a=3; b=2"


def test_json_is_read_and_anything_else_told():
    assert Reply(200, (), b'{"a": 1}').json == {"a": 1}
    assert Reply(204, (), b"").json is None
    with pytest.raises(DriverFailed, match="no JSON"):
        _ = Reply(200, (), b"<html>").json


@pytest_twisted.ensureDeferred
async def test_nobody_there_is_told():
    with pytest.raises(DriverFailed, match=r"127\.0\.0\.1:1"):
        await request("GET", "http://127.0.0.1:1/x")
    with pytest.raises(DriverFailed):
        await ask_json("POST", "http://127.0.0.1:1/x", {}, {})
