"""Homes whose devices hooks are tried on."""

from collections.abc import Callable

import pytest

from care.security.permissions import Role
from tests.care import samples


@pytest.fixture
def home(services, db, clock) -> Callable[..., int]:
    def make(model: str = samples.NORVIK, number: int = 1) -> int:
        return samples.home(db, services.vault, clock(), model, number)

    return make


@pytest.fixture
def engineer(signed_in):
    return signed_in(Role.ENGINEER)


@pytest.fixture
def viewer(signed_in):
    return signed_in(Role.VIEWER)
