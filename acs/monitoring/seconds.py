"""Instants of samples: whole seconds since 2020, four bytes until 2088."""

from datetime import UTC, datetime

from sqlalchemy import Integer
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

SECONDS_FROM = datetime(2020, 1, 1, tzinfo=UTC)


def second_of(at: datetime) -> int:
    """Whole seconds since 2020: four bytes until 2088."""
    return int((at - SECONDS_FROM).total_seconds())


def instant_of(second: int) -> datetime:
    return datetime.fromtimestamp(SECONDS_FROM.timestamp() + second, UTC)


class Second(TypeDecorator[datetime]):
    """A UTC instant to the second, stored as `second_of`."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else second_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant_of(value)
