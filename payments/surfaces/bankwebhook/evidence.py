"""Refused webhooks and conflicts, for operators."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import ADMIN, API_KEY
from payments.http.lists import InvalidCursor, decode_cursor, page_of
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.kernel.clock import rfc3339
from payments.operations.conflict_list import list_conflicts
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
async def list_all_conflicts(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Requests with other content under a used operation id; never applied, newest first."""
    query = read_query(request, ConflictsQuery)
    before = decode_cursor(query.cursor, tuple[datetime, UUID, str])
    if before is not None and _DIGEST.fullmatch(before[2]) is None:
        raise InvalidCursor
    rows = await list_conflicts(engine, query.kind, before, query.limit + 1)
    return json_reply(page_of(rows, query.limit, lambda row: row[0], lambda row: row[1]))


@get(
    "/v1/turned-away-webhooks",
    access=Access(API_KEY, ADMIN, query=TurnedAwayQuery, answers={200: TurnedAwayWebhooks}),
)
async def list_all_turned_away(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Refused webhooks of the bank and of the shop's provider, newest first."""
    query = read_query(request, TurnedAwayQuery)
    before = decode_cursor(query.cursor, int)
    rows = await list_turned_away(engine, query.surface, query.kind, before, query.limit + 1)
    return json_reply(page_of(rows, query.limit, lambda webhook: webhook.id, _webhook))


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
