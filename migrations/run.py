"""Bringing a database to the newest schema, one migrator at a time."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from payments.kernel.database import create_engine

_MIGRATION_LOCK = 7_203_001


def alembic_config() -> Config:
    """Alembic's settings, without an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade (or with an older `revision`, downgrade) the database at `url`."""
    asyncio.run(migrate_async(url, revision))


async def migrate_async(url: str, revision: str = "head") -> None:
    """The same, inside a running loop."""
    engine = create_engine(url, pool_size=1, application="payments-migrate")
    try:
        async with engine.connect() as connection:
            # Several replicas may start at once: the second waits here and then finds nothing to
            # do.
            await connection.execute(
                text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK}
            )
            await connection.run_sync(_run, revision)
            await connection.commit()
    finally:
        await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    if revision == "base" or revision.startswith("-"):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
