"""Refused webhooks and conflicts, for operators."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.listing import Listing, list_reply
from payments.http.lists import InvalidCursor
from payments.http.query import read_query
from payments.http.scopes import ADMIN
from payments.http.services import HttpRequest
from payments.kernel.clock import rfc3339
from payments.operations.conflict_list import ConflictView, Place, list_conflicts
from payments.surfaces.bankwebhook.answers import (
    ConflictList,
    TurnedAwayWebhook,
    TurnedAwayWebhooks,
)
from payments.surfaces.bankwebhook.bodies import ConflictsQuery, TurnedAwayQuery
from payments.webhooks.queries import TurnedAwayView, list_turned_away

_DIGEST: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


@get(
    "/v1/conflicts",
    access=Access(API_KEY, ADMIN, query=ConflictsQuery, answers={200: ConflictList}),
)
async def list_all_conflicts(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Requests with other content under a used operation id; never applied, newest first."""
    query = read_query(request, ConflictsQuery)

    async def read(before: Place | None, count: int) -> Sequence[tuple[Place, ConflictView]]:
        if before is not None and _DIGEST.fullmatch(before[2]) is None:
            raise InvalidCursor
        return await list_conflicts(engine, query.kind, before, count)

    listing = Listing(cursor=Place, read=read, key=lambda row: row[0], item=lambda row: row[1])
    return await list_reply(request, query, listing)


@get(
    "/v1/turned-away-webhooks",
    access=Access(API_KEY, ADMIN, query=TurnedAwayQuery, answers={200: TurnedAwayWebhooks}),
)
async def list_all_turned_away(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Refused webhooks of the bank and of the shop's provider, newest first."""
    query = read_query(request, TurnedAwayQuery)
    listing = Listing(
        cursor=int,
        read=partial(list_turned_away, engine, query.surface, query.kind),
        key=lambda webhook: webhook.id,
        item=_webhook,
    )
    return await list_reply(request, query, listing)


def _webhook(webhook: TurnedAwayView) -> TurnedAwayWebhook:
    return TurnedAwayWebhook(
        surface=webhook.surface,
        kind=webhook.kind,
        reference=webhook.reference,
        detail=webhook.detail,
        digest=webhook.digest.hex(),
        turned_away_at=rfc3339(webhook.turned_away_at),
    )


HANDLERS: Final = (list_all_conflicts, list_all_turned_away)
