"""Homes of tests/care/samples.py, over the web application of tests/care/conftest.py."""

from tests.care.devices.conftest import home  # noqa: F401
