"""The user of docs/scaling.md has every right that the product needs in Redis."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest

import payments.wallets.open
from payments.entrypoints import doctor
from payments.entrypoints.settings import Secret, Settings
from payments.wallets.open import OpenWallet
from streams.server_client import create_server_client
from tests.architecture.sources import ROOT
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import PARTITIONS, Platform


def documented() -> list[str]:
    """The rights of `ACL SETUSER pay …`, without its password."""
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    found = re.search(r"^ACL SETUSER pay (.+)$", text, re.MULTILINE)
    assert found is not None
    return [word for word in found[1].split() if not word.startswith(">")]


@pytest.fixture
async def limited_url(redis_url: str) -> AsyncIterator[str]:
    server: Any = create_server_client(redis_url)
    await server.execute_command("ACL", "SETUSER", "limited", "reset", ">pw", *documented())
    parts = urlsplit(redis_url)
    _, _, host = parts.netloc.rpartition("@")
    yield parts._replace(netloc=f"limited:pw@{host}").geturl()
    await server.execute_command("ACL", "DELUSER", "limited")
    await server.aclose()


async def test_a_user_with_these_rights_does_everything(database: str, limited_url: str) -> None:
    settings = Settings(
        database_url=Secret(database), redis_url=Secret(limited_url), partitions=PARTITIONS
    )
    platform = Platform(settings)
    await platform.start()
    for _ in range(3):
        intent = OpenWallet(currency="RUB", owner="u")
        await platform.apply(payments.wallets.open.OPERATION, intent)
    findings = await doctor.examine(settings)
    assert [f.part for f in findings if f.is_unsafe or f.found == "unreachable"] == []
    await platform.settled()
    await platform.stop()
    await assert_invariants(database, limited_url)
