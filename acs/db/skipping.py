"""Different values of a column without reading all rows: one step of an index for each value."""

from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session


def different(session: Session, at: Any, mine: ColumnElement[bool], most: int) -> list[Any]:
    """The first `most` values of `at` in order, of the rows of which `mine` holds; an index begins with the columns of `mine` and `at`."""
    first = select(func.min(at).label("v")).where(mine).cte("skipping", recursive=True)
    following = select(func.min(at)).where(mine, at > first.c.v).scalar_subquery()
    steps = first.union_all(select(following).where(first.c.v.is_not(None)))
    return list(session.scalars(select(steps.c.v).where(steps.c.v.is_not(None)).limit(most)))
