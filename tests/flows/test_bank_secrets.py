"""No API key and no code in any log, in the stream or in the database."""

import asyncio
import base64
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import structlog

from payments.http.access_log import AccessLog, AccessPolicy
from tests.fixtures.banks import OTHER_KEY, Marketplace, bank_settings
from tests.fixtures.platform import Platform, eventually


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    """Mail becomes files of this test; a line for every request."""
    return bank_settings(tmp_path)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that API, consumer and executor of this test write, at the finest level."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level, before = root.level, structlog.get_config()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.PrintLoggerFactory(text),
        cache_logger_on_first_use=False,
    )
    yield text
    structlog.configure(**before)
    root.removeHandler(handler)
    root.setLevel(level)


async def dump(platform: Platform) -> str:
    """Every row of every table as text, bytes in hex."""
    async with platform.connection() as connection:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        rows = [await connection.fetch(f'SELECT t::text FROM "{t[0]}" t') for t in tables]
    return "\n".join(row[0] for table in rows for row in table)


async def streams(platform: Platform) -> str:
    """What stands in Redis."""
    found = []
    async for name in platform.redis.scan_iter("pay:*"):
        if await platform.redis.type(name) == b"stream":
            found.append(repr(await platform.redis.xrange(name)))
        else:
            found.append(repr(await platform.redis.dump(name)))
    return "\n".join(found)


def shows(secret: str, text: str) -> bool:
    """Whether the secret stands there, plain, in hex or base64; digits of a time do not count."""
    plain = re.compile(rf"(?<![0-9A-Za-z.]){re.escape(secret)}(?![0-9A-Za-z])")
    encoded = (secret.encode().hex(), base64.b64encode(secret.encode()).decode())
    return plain.search(text) is not None or any(e in text for e in encoded)


@pytest.fixture
def noted(client: httpx.AsyncClient) -> None:
    """Every request gets its line, as in the API role."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.app = cast(
        "Any", AccessLog(cast("Any", transport.app), AccessPolicy(is_everything=True))
    )


@pytest.mark.usefixtures("noted")
async def test_no_key_and_no_code_anywhere(
    log: io.StringIO, marketplace: Marketplace, other: Marketplace
) -> None:
    platform = marketplace.platform
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")
    code, wrong = await marketplace.code(key), await marketplace.wrong_code(key)

    # What waits in the stream, as an operator would see it there.
    await platform.stop_consumer()
    waiting = [asyncio.create_task(marketplace.confirm(key, c)) for c in (wrong, code)]

    async def both_wait() -> bool:
        return (await streams(platform)).count("bank_pay.confirm") >= len(waiting)

    await eventually(both_wait)
    in_stream = await streams(platform)
    await platform.start_consumer()
    assert {(await w).status_code for w in waiting} <= {200, 403, 409}

    # Every way to be refused, with the secrets in hand.
    body = {"api_key": marketplace.api_key, "operation_key": key, "code": code}
    await other.confirm(key, code)
    await marketplace.client.post("/bank/confirm", json={**body, "x": 1})
    await marketplace.client.post("/bank/confirm", content=json.dumps(body)[:-1])
    await marketplace.client.post("/bank/confirm", json={**body, "api_key": [code]})
    await marketplace.client.post("/bank/confirm", json={**body, "operation_key": 1})
    await marketplace.refund(key)
    rows, written = await dump(platform), log.getvalue()

    # The places were looked into at all: each holds what it should hold.
    assert written.count("/bank/confirm") >= 6
    assert key in rows
    assert key in in_stream
    for secret in (marketplace.api_key, OTHER_KEY, code, wrong):
        for place, text in (("log", written), ("database", rows), ("stream", in_stream)):
            assert not shows(secret, text), place


async def test_a_mail_that_fails_does_not_write_the_code_into_a_log(
    log: io.StringIO, marketplace: Marketplace
) -> None:
    """The folder cannot be written: the effect fails, is logged, and comes again."""
    folder = marketplace.platform.settings.data_dir / "mail"
    folder.write_text("a file where the folder should be")
    key = await marketplace.pay("1xf3g", "2mzp5", "2000")

    async def has_failed() -> bool:
        return "effect_failed" in log.getvalue()

    await eventually(has_failed)
    folder.unlink()
    code = await marketplace.code(key)
    assert not shows(code, log.getvalue())
    assert "mike@example.com" not in log.getvalue()
