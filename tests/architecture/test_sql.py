"""Every .sql file is understood by PostgreSQL as our schema stands, is used, and says what for."""

import re
from pathlib import PurePath

import asyncpg
import pytest

from payments.kernel.database import connect
from tests.architecture.sources import files, python, text

SCRIPTS = ("migrations/", "deploy/")
"""What changes the schema: run by tests of their own."""
QUERIES = [name for name in files() if name.endswith(".sql") and not name.startswith(SCRIPTS)]


@pytest.mark.parametrize("name", QUERIES)
def test_the_first_line_says_why(name: str) -> None:
    assert text(name).startswith("-- ")


async def test_postgresql_prepares_every_file(database: str) -> None:
    connection = await connect(database)
    refused = {}
    for name in QUERIES:
        try:
            await connection.prepare(text(name), name=re.sub(r"\W", "_", name)[-60:])
        except asyncpg.PostgresError as error:
            refused[name] = str(error)
    await connection.close()
    assert refused == {}


def test_every_file_is_loaded_by_the_code_beside_it() -> None:
    loaded = set()
    for name in python("payments", "streams", "scheduler"):
        for query in re.findall(r"load_sql\(\s*[\w.]+,\s*\"(\w+)\"\s*,?\s*\)", text(name)):
            loaded.add(query)
    unused = [name for name in QUERIES if PurePath(name).stem not in loaded]
    assert unused == []


def test_every_loaded_file_exists() -> None:
    existing = {PurePath(name).stem for name in QUERIES}
    for name in python("payments", "streams", "scheduler"):
        for query in re.findall(r"load_sql\(\s*[\w.]+,\s*\"(\w+)\"\s*,?\s*\)", text(name)):
            assert query in existing, f"{name} loads {query}"
