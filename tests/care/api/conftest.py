"""A program that calls the API by token."""

import pytest

from care.security.permissions import Role
from tests.care.conftest import ADMIN, PASSWORD


class Program:
    """A client that acts by token."""

    def __init__(self, app, secret: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method: str, path: str, **kwargs):
        return self._client.open(f"/api/v1{path}", method=method, headers={**self._headers, **kwargs.pop("headers", {})}, **kwargs)


@pytest.fixture
def program(app, security) -> Program:
    admin, _ = security.create_user(ADMIN, "anna", "Anna", Role.ADMIN, PASSWORD)
    return Program(app, security.issue_token(ADMIN, admin.id, "noc").secret)
