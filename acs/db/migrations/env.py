"""Alembic's environment: runs on the connection it is handed, with the models of acs.settings.MODEL_MODULES when comparing."""

from alembic import context

from acs.db.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()
