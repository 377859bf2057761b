"""Signed top-ups for the benchmark of the shop's webhook."""

import hashlib
from typing import Final

import sqlalchemy as sa

from payments.kernel.clock import utc_now
from payments.kernel.database import create_engine
from payments.users.tables import users
from payments_tools.bench.load import post

KEY: Final = "bench-key-of-nobody-0123456789abcdef"
SETTINGS: Final = {"PAYMENTS_SHOP_WEBHOOK_KEY": KEY, "PAYMENTS_SHOP_WEBHOOK_SHA1": "on"}
_USERS: Final = 200


async def topups(database_url: str, count: int) -> list[bytes]:
    """`count` requests, each its own transaction, over bills of two hundred users made first."""
    engine = create_engine(database_url, pool_size=1)
    values = [
        {
            "login": f"bench-{n}",
            "login_key": f"bench-{n}",
            "password_hash": "!",
            "is_active": True,
            "is_admin": False,
            "created_at": utc_now(),
        }
        for n in range(_USERS)
    ]
    async with engine.begin() as connection:
        ids = list(await connection.scalars(sa.insert(users).returning(users.c.id), values))
    await engine.dispose()
    return [_signed(n, ids[n % _USERS], 700_000 + n % _USERS) for n in range(1, count + 1)]


def _signed(transaction_id: int, user_id: int, bill_id: int) -> bytes:
    text = f"{KEY}:{transaction_id}:{user_id}:{bill_id}:100"
    signature = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the seed's rule
    body = (
        f'{{"signature":"{signature}","transaction_id":{transaction_id},'
        f'"user_id":{user_id},"bill_id":{bill_id},"amount":100}}'
    )
    return post("/payment/webhook", body.encode())
