"""A marketplace's API key, in the body or as a bearer token; it is never logged."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks.queries import find_marketplace
from payments.http.auth import Actor, Scheme, actor_of, bearer_token
from payments.http.body import check_content_type, decode_body, read_raw
from payments.http.services import Connection, HttpRequest
from payments.kernel.errors import NotAuthenticated

MARKETPLACE: Final = "marketplace"
"""Name of the scheme."""

SECURITY: Final[Mapping[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "description": "The marketplace's API key; it may stand in the body as `api_key` instead.",
}


class BadApiKey(NotAuthenticated):
    """This API key is not known."""

    code = "bad_api_key"


class _Keyed(msgspec.Struct, frozen=True):
    """The field of every body that authenticates the caller."""

    api_key: str = ""


def marketplace_scheme(engine: AsyncEngine) -> Scheme:
    """The scheme of every route under /bank."""

    async def authenticate(connection: Connection) -> Actor:
        key = await _given_key(connection)
        if key == "":
            raise BadApiKey("send the key as `api_key` in the body, or as Authorization: Bearer …")
        marketplace_id = await find_marketplace(engine, key) if key else None
        if marketplace_id is None:
            raise BadApiKey
        return Actor(f"marketplace:{marketplace_id}", subject=marketplace_id)

    return Scheme(authenticate, SECURITY)


async def _given_key(connection: Connection) -> str | None:
    """The key of body or header; empty when there is none, or when the two differ.

    Raises the errors of any body: 400, 413, 415, 422.
    """
    assert isinstance(connection, Request), "these routes are HTTP"
    in_header = bearer_token(connection)
    check_content_type(connection)
    in_body = decode_body(await read_raw(connection), _Keyed).api_key
    if in_header and in_body and in_header != in_body:
        return None
    return in_body or in_header or ""


def marketplace_of(request: HttpRequest) -> int:
    """The id of the calling marketplace."""
    marketplace_id: int = actor_of(request).subject
    return marketplace_id
