"""Products and buying them."""

from functools import partial
from http import HTTPStatus
from typing import Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.purchases.create
from payments.http.access import Accepted, Access, Takes
from payments.http.body import read_body
from payments.http.idempotency import REPLAYED, request_for
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import render_ticket
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Header, Reply, json_reply
from payments.http.services import HttpRequest
from payments.operations.outcome import Status
from payments.operations.submit import Submitter, Ticket
from payments.products import queries
from payments.products.tables import Product
from payments.purchases.create import CreatePurchase, PurchaseCreated
from payments.surfaces.shop.access import SHOP, user_id_of
from payments.surfaces.shop.answers import (
    ProductAnswer,
    ProductList,
    Purchased,
    number_in,
    number_of_text,
)
from payments.surfaces.shop.bodies import NUMBER_MAX, PurchaseBody

_WAIT_S: Final = 20
_OPERATIONS_AT: Final = b"/shop/operations/"


_RESULT: Final = msgspec.json.Decoder(PurchaseCreated)


@get(
    "/shop/products",
    access=Access(SHOP, query=Page, answers={200: ProductList}, sees_accepted=False),
)
async def list_products(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """Products for sale, newest first."""
    query = read_query(request, Page)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_products, engine),
        key=lambda product: product.id,
        item=product_answer,
    )
    return await list_reply(request, query, listing)


@post(
    "/shop/products/{product_id:str}/purchase",
    access=Access(
        SHOP,
        operation=payments.purchases.create.OPERATION,
        takes=Takes.KEY_AND_WAIT,
        body=PurchaseBody,
        answers={201: Purchased, 202: Accepted},
    ),
)
async def purchase(
    request: HttpRequest, product_id: FromPath[int], submitter: NamedDependency[Submitter]
) -> Reply:
    """Buy a product from the caller's bill at its current price; waits until decided."""
    body = await read_body(request, PurchaseBody)
    intent = CreatePurchase(
        user_id=user_id_of(request), product_id=number_or_none(product_id), bill_id=body.bill_id
    )
    operation = request_for(request, payments.purchases.create.OPERATION, intent)
    wait_s = preferred_wait_s(request) or _WAIT_S
    ticket = await submitter(operation, wait_s)
    return _answer(request, ticket, (APPLIED,) if preferred_wait_s(request) else ())


def product_answer(product: Product) -> ProductAnswer:
    return ProductAnswer(
        product_id=product.id,
        title=product.title,
        description=product.description,
        price=number_in(product.minor, product.currency),
        currency=product.currency,
    )


def number_or_none(number: int) -> int:
    """A number from a path; out-of-range numbers become 0, which nothing has."""
    return number if 0 < number <= NUMBER_MAX else 0


def _answer(request: HttpRequest, ticket: Ticket, preferred: tuple[Header, ...]) -> Reply:
    operation_id = str(ticket.operation_id)
    location = (b"location", _OPERATIONS_AT + operation_id.encode())
    if ticket.decision is None or ticket.decision.status != Status.APPLIED.value:
        return render_ticket(request, ticket, at=_OPERATIONS_AT, headers=preferred)
    result = _RESULT.decode(ticket.decision.result)
    answer = Purchased(
        operation_id=operation_id,
        status=Status.APPLIED.value,
        product_id=result.product_id,
        bill_id=result.bill_id,
        amount=number_of_text(result.amount),
        balance=number_of_text(result.balance),
        currency=result.currency,
        title=result.title,
    )
    replayed = (REPLAYED,) if ticket.is_replay else ()
    return json_reply(answer, HTTPStatus.CREATED, (location, *replayed, *preferred))


HANDLERS: Final = (list_products, purchase)
