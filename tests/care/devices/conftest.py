"""Homes with one trouble each, over the web application of tests/care/conftest.py."""

from collections.abc import Callable

import pytest

from tests.care import samples


@pytest.fixture
def home(services, db, clock) -> Callable[..., int]:
    """`home(samples.NORVIK, 1, ["open-wifi"])` is the id of a device that was read 38 s ago."""

    def make(model: str = samples.NORVIK, number: int = 1, faults=(), **given) -> int:
        return samples.home(db, services.vault, clock(), model, number, faults, **given)

    return make


def text(answer) -> str:
    return answer.get_data(as_text=True)
