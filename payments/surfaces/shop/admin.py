"""Administration of the shop: users, their bills, and refused webhooks."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from litestar import get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills.queries import BillView, bills_of
from payments.http.access import Access
from payments.http.body import read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.kernel.clock import rfc3339
from payments.kernel.errors import Conflict
from payments.surfaces.shop.access import ADMIN, SHOP, user_id_of
from payments.surfaces.shop.answers import (
    AdminUser,
    AdminUserList,
    BillList,
    TurnedAwayAnswer,
    TurnedAwayList,
)
from payments.surfaces.shop.bills import bill_answer, bills_reply
from payments.surfaces.shop.bodies import TurnedAwayQuery, UserBody
from payments.surfaces.shop.products import number_or_none
from payments.users import writes
from payments.users.errors import UserNotFound
from payments.users.queries import User, find_user
from payments.users.queries import list_users as list_users_
from payments.webhooks.queries import TurnedAwayView, list_turned_away
from payments.webhooks.recording import SHOP as SHOP_WEBHOOK

_BILLS_SHOWN: Final = 100


class CannotDisableSelf(Conflict):
    """An administrator cannot shut itself out; another one can."""

    code = "cannot_disable_self"


@get("/shop/admin/users", access=Access(SHOP, ADMIN, query=Page, answers={200: AdminUserList}))
async def list_users(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """All users with their bills, newest first."""
    query = read_query(request, Page)

    async def read(before: int | None, count: int) -> Sequence[AdminUser]:
        users = await list_users_(engine, before, count)
        bills = await bills_of(engine, [user.id for user in users], _BILLS_SHOWN + 1)
        return [_user(user, bills[user.id]) for user in users]

    listing = Listing(cursor=int, read=read, key=lambda user: user.user_id)
    return await list_reply(request, query, listing)


@patch(
    "/shop/admin/users/{user_id:str}",
    access=Access(SHOP, ADMIN, body=UserBody, answers={200: AdminUser}),
)
async def change_user(
    request: HttpRequest,
    user_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Enable or disable a user; disabling revokes its access tokens at once."""
    body = await read_body(request, UserBody)
    if user_id == user_id_of(request) and not body.is_active:
        raise CannotDisableSelf
    now = clock.now
    await writes.set_active(engine, now, number_or_none(user_id), is_active=body.is_active)
    return json_reply(await _shown(engine, user_id))


@get("/shop/admin/users/{user_id:str}", access=Access(SHOP, ADMIN, answers={200: AdminUser}))
async def get_user(user_id: FromPath[int], engine: NamedDependency[AsyncEngine]) -> Reply:
    """A user with its bills."""
    return json_reply(await _shown(engine, number_or_none(user_id)))


@get(
    "/shop/admin/users/{user_id:str}/bills",
    access=Access(SHOP, ADMIN, query=Page, answers={200: BillList}),
)
async def list_bills_of_user(
    request: HttpRequest, user_id: FromPath[int], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """A user's bills, newest first."""
    return await bills_reply(request, number_or_none(user_id), engine)


@get(
    "/shop/admin/turned-away-webhooks",
    access=Access(SHOP, ADMIN, query=TurnedAwayQuery, answers={200: TurnedAwayList}),
)
async def list_turned_away_webhooks(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Refused top-ups (signature, user, owner, content), newest first."""
    query = read_query(request, TurnedAwayQuery)
    listing = Listing(
        cursor=int,
        read=partial(list_turned_away, engine, SHOP_WEBHOOK, query.kind),
        key=lambda webhook: webhook.id,
        item=_turned_away,
    )
    return await list_reply(request, query, listing)


async def _shown(engine: AsyncEngine, user_id: int) -> AdminUser:
    user = await find_user(engine, user_id)
    if user is None:
        raise UserNotFound
    return _user(user, (await bills_of(engine, [user_id], _BILLS_SHOWN + 1))[user_id])


def _user(user: User, bills: Sequence[BillView]) -> AdminUser:
    return AdminUser(
        user_id=user.id,
        login=user.login,
        is_active=user.is_active,
        is_admin=user.is_admin,
        created_at=rfc3339(user.created_at),
        bills=[bill_answer(b) for b in bills[:_BILLS_SHOWN]],
        has_more_bills=len(bills) > _BILLS_SHOWN,
    )


def _turned_away(webhook: TurnedAwayView) -> TurnedAwayAnswer:
    return TurnedAwayAnswer(
        kind=webhook.kind,
        digest=webhook.digest.hex(),
        transaction_id=webhook.transaction_id,
        detail=webhook.detail,
        turned_away_at=rfc3339(webhook.turned_away_at),
    )


HANDLERS: Final = (
    list_users,
    get_user,
    change_user,
    list_bills_of_user,
    list_turned_away_webhooks,
)
