"""Which revision the database should be at, known without loading alembic: every process asks at its start."""

import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from acs.db.engine import Database
from acs.errors import WrongEnvironment

VERSIONS = Path(__file__).parent / "migrations" / "versions"
_NAME = re.compile(r"\d{8}_\d{4}_(\w+?)_\w+\.py")


def expected() -> str:
    """The newest revision, by the names of the migration files."""
    names = sorted(path.name for path in VERSIONS.glob("2*.py"))
    found = _NAME.fullmatch(names[-1]) if names else None
    return found[1] if found else ""


def require_current(database: Database) -> None:
    """WrongEnvironment if the database cannot be reached or has not the tables of this version."""
    database.check()
    try:
        with database.engine.connect() as connection:
            at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DatabaseError:
        at = None
    if at != expected():
        state = f"is at {at}" if at else "is empty"
        raise WrongEnvironment(f"The database {database.safe_url} {state}, this version needs {expected()}: run `hearthline db upgrade`.")
