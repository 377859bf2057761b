"""Alembic's entry: runs the versions on the connection it is handed by `migrations.run`."""

from alembic import context

import payments.registry
import scheduler.tables  # noqa: F401
import streams.tables
from payments.kernel.database import METADATA

TARGETS = [METADATA, streams.tables.METADATA]
assert payments.registry.OPERATIONS

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=TARGETS,
    compare_type=True,
    transaction_per_migration=True,
    on_version_apply=context.config.attributes.get("on_step", ()),
)
with context.begin_transaction():
    context.run_migrations()
