"""Finding things by any of their names. Each look-up is a key or an index; none reads a table."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.apikeys.tables import api_clients, api_keys
from payments.approvals.tables import approvals
from payments.bankpayments.inn import is_inn
from payments.bankpayments.tables import organization_payments, organizations
from payments.breaks.tables import breaks
from payments.deposits.tables import deposits
from payments.endpoints.tables import webhook_endpoints
from payments.kernel.ids import derived_id, parse_id
from payments.ledger.tables import holds
from payments.operations.tables import dead_letters, operations, transactions
from payments.operators.tables import operators
from payments.payouts.tables import payouts
from payments.reads.of_operation import is_of_operation
from payments.statements.tables import statement_lines, statements
from payments.users.login import login_key
from payments.users.tables import users
from payments.wallets.tables import wallets

EACH_MAX: Final = 10
"""Hits of one sort: a longer list is found by the filters of its page."""
TEXT_MAX: Final = 200
_CLIENTS_MAX: Final = 10_000
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found: `kind` and `id` say which page shows it, `by` why it is here."""

    kind: str
    id: str
    by: str
    title: str = ""


class _Look(msgspec.Struct, frozen=True):
    """A look-up: rows of a table by one of its columns."""

    kind: str
    by: str
    id: sa.Column[Any]
    where: sa.ColumnElement[bool]
    title: sa.ColumnElement[str]


async def search(engine: AsyncEngine, text: str) -> list[Hit]:
    """Everything of this name, the exact ids first; at most ten of a sort."""
    plain = text.strip()
    if not plain or len(plain) > TEXT_MAX or not plain.isprintable():
        return []
    async with engine.connect() as connection:
        hits = await _all(connection, list(_looks(plain)))
        return hits + await _by_key(connection, plain)


async def _all(connection: AsyncConnection, looks: Sequence[_Look]) -> list[Hit]:
    parts = [
        sa.select(
            sa.literal(number).label("number"),
            sa.literal(look.kind).label("kind"),
            sa.literal(look.by).label("by"),
            sa.cast(look.id, sa.Text).label("id"),
            sa.cast(look.title, sa.Text).label("title"),
        )
        .where(look.where)
        .limit(EACH_MAX)
        .subquery()
        for number, look in enumerate(looks)
    ]
    if not parts:
        return []
    union = sa.union_all(*(sa.select(part) for part in parts)).subquery()
    rows = (await connection.execute(sa.select(union).order_by(union.c.number))).all()
    return [Hit(kind=r.kind, id=r.id, by=r.by, title=r.title or "") for r in rows]


def _looks(text: str) -> Iterator[_Look]:
    id_ = parse_id(text)
    if id_ is not None:
        yield from _by_id(id_)
    if _NUMBER.fullmatch(text) is not None:
        yield from _by_number(int(text))
    if is_inn(text):
        yield from _by_inn(text)
    yield from _by_text(text)


def _by_id(id_: UUID) -> Iterator[_Look]:
    t = transactions.c
    yield _Look("transaction", "id", t.id, t.id == id_, t.kind)
    derived = is_of_operation(id_) & (t.id != id_)
    yield _Look("transaction", "operation id", t.id, derived, t.kind)
    for kind, table, title in (
        ("payout", payouts, payouts.c.state),
        ("deposit", deposits, deposits.c.state),
        ("hold", holds, holds.c.purpose),
        ("bank_payment", organization_payments, organization_payments.c.status),
        ("break", breaks, breaks.c.kind),
        ("statement", statements, statements.c.account),
        ("webhook_endpoint", webhook_endpoints, webhook_endpoints.c.url),
        ("approval", approvals, approvals.c.summary),
        ("operation", operations, operations.c.kind),
    ):
        yield _Look(kind, "id", table.c.id, table.c.id == id_, title)
    payment, letter = organization_payments.c, dead_letters.c
    yield _Look(
        "bank_payment", "operation id", payment.id, payment.operation_id == id_, payment.status
    )
    yield _Look("dead_letter", "operation id", letter.id, letter.operation_id == id_, letter.kind)


def _by_number(number: int) -> Iterator[_Look]:
    wallet = wallets.c
    yield _Look("wallet", "id", wallet.id, wallet.id == number, wallet.owner)
    for kind, table in (("payout", payouts), ("deposit", deposits)):
        c = table.c
        yield _Look(kind, "merchant id", c.id, c.merchant_id == number, c.state)


def _by_inn(inn: str) -> Iterator[_Look]:
    organization, payment = organizations.c, organization_payments.c
    yield _Look("organization", "INN", organization.inn, organization.inn == inn, organization.name)
    unmatched = (payment.payer_inn == inn) & (payment.status == "unmatched")
    yield _Look("bank_payment", "INN of the payer", payment.id, unmatched, payment.status)


def _by_text(text: str) -> Iterator[_Look]:
    t, payment, line = transactions.c, organization_payments.c, statement_lines.c
    yield _Look("transaction", "reference", t.id, t.reference == text, t.kind)
    wallet = wallets.c
    yield _Look("wallet", "owner", wallet.id, wallet.owner == text, wallet.currency)
    for kind, table in (("payout", payouts), ("deposit", deposits)):
        c = table.c
        yield _Look(kind, "SuperPay's id", c.id, c.provider_id == text, c.state)
    number = payment.document_number == text
    yield _Look("bank_payment", "document number", payment.id, number, payment.status)
    yield _Look(
        "statement",
        "document number of a line",
        line.statement_id,
        line.number == text,
        line.purpose,
    )
    operator = operators.c
    yield _Look("operator", "login", operator.login, operator.login == text.lower(), operator.role)
    user = users.c
    title = sa.case((user.is_active, "active"), else_="not active")
    yield _Look("shop_user", "login", user.id, user.login_key == login_key(text), title)


async def _by_key(connection: AsyncConnection, text: str) -> list[Hit]:
    """Operations under this Idempotency-Key of any client: their ids follow from client and key."""
    if _KEY.fullmatch(text) is None:
        return []
    own = sa.select(api_clients.c.name, api_clients.c.actor)
    earlier = sa.select(api_keys.c.name, sa.literal("key:") + api_keys.c.id).where(
        api_keys.c.was_caller
    )
    query = sa.union_all(own, earlier).limit(_CLIENTS_MAX)
    clients = {
        derived_id("key", actor, text): name for name, actor in await connection.execute(query)
    }
    if not clients:
        return []
    found = sa.select(operations.c.id, operations.c.kind).where(operations.c.id.in_(list(clients)))
    return [
        Hit(kind="operation", id=str(id_), by=f"key of {clients[id_]}", title=kind)
        for id_, kind in await connection.execute(found)
    ]
