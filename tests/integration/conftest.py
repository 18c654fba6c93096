"""The fixtures of the server's tests, for tests that go through all of it."""

from tests.acs.server.conftest import clock, house, make_bench, make_house, open_house  # noqa: F401
