"""Records every refusal of a webhook before the response is sent."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.services import Connection, Time, service
from payments.kernel.errors import PaymentsError
from payments.webhooks.queries import TurnedAway
from payments.webhooks.writes import write_down

BANK: Final = "bank"
SHOP: Final = "shop"
_TEXT_MAX: Final = 100
_DETAIL_MAX: Final = 500
_REFUSED: Final = range(400, 500)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class _Named(msgspec.Struct):
    """The sender's id; other fields of the body are ignored."""

    transaction_id: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    operation_id: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


@asynccontextmanager
async def on_record(connection: Connection, surface: str, raw: bytes) -> AsyncIterator[None]:
    """Record an error raised in the block: surface, code, digest, time, the sender's id."""
    try:
        yield
    except PaymentsError as error:
        if error.status in _REFUSED:
            fields = (f"{e.get('field', '')}: {e.get('message', '')}" for e in error.errors)
            detail = "; ".join(fields) or error.detail
            await write_refusal(connection, surface, raw, error.code, detail)
        raise


async def write_refusal(
    connection: Connection, surface: str, raw: bytes, code: str, detail: str
) -> None:
    reference = reference_in(raw)
    webhook = TurnedAway(
        surface=surface,
        kind=code,
        digest=hashlib.sha256(raw).digest(),
        reference=reference,
        transaction_id=int(reference) if _NUMBER.fullmatch(reference) else None,
        detail=_storable(detail, _DETAIL_MAX),
        turned_away_at=service(connection, Time).now(),
    )
    await write_down(service(connection, AsyncEngine), webhook)


def reference_in(raw: bytes) -> str:
    """The sender's id in a body, as text; empty when it cannot be read."""
    try:
        named = msgspec.json.decode(raw, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    token = bytes(named.transaction_id) or bytes(named.operation_id)
    return _storable(token.decode("utf-8", "replace").strip('"'), _TEXT_MAX)


def _storable(text: str, most: int) -> str:
    """The text cut to `most` characters, without characters that PostgreSQL cannot store."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:most]
