"""Administration of products: create, change, take off sale; `If-Match` prevents lost updates."""

import re
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.body import money_in, read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, header
from payments.kernel.errors import InvalidBody
from payments.products import queries, writes
from payments.products.tables import Product
from payments.products.writes import ProductChange, VersionMismatch
from payments.surfaces.shop.access import ADMIN, SHOP
from payments.surfaces.shop.answers import AdminProduct, AdminProductList, number_in
from payments.surfaces.shop.bodies import ProductBody, ProductPatch
from payments.surfaces.shop.products import number_or_none

_IF_MATCH: Final = {"If-Match": "The version that was read (its ETag); 412 when it has changed."}
_VERSION: Final = re.compile(r'"?([0-9]{1,9})"?', re.ASCII)


@get(
    "/shop/admin/products",
    access=Access(SHOP, ADMIN, query=Page, answers={200: AdminProductList}, sees_accepted=False),
)
async def list_admin_products(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Products for sale, newest first."""
    query = read_query(request, Page)
    listing = Listing(
        cursor=int,
        read=partial(queries.list_products, engine),
        key=lambda product: product.id,
        item=_product,
    )
    return await list_reply(request, query, listing)


@post(
    "/shop/admin/products",
    access=Access(SHOP, ADMIN, body=ProductBody, answers={201: AdminProduct}),
)
async def create_product(
    request: HttpRequest, engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> Reply:
    """Put a product on sale."""
    change = _whole(await read_body(request, ProductBody))
    now = clock.now
    return _answer(await writes.create_product(engine, now, change), HTTPStatus.CREATED)


@get(
    "/shop/admin/products/{product_id:str}",
    access=Access(SHOP, ADMIN, answers={200: AdminProduct}, sees_accepted=False),
)
async def get_product(product_id: FromPath[int], engine: NamedDependency[AsyncEngine]) -> Reply:
    """A product and its version."""
    return _answer(await queries.get_product(engine, number_or_none(product_id)))


@put(
    "/shop/admin/products/{product_id:str}",
    access=Access(SHOP, ADMIN, body=ProductBody, headers=_IF_MATCH, answers={200: AdminProduct}),
)
async def replace_product(
    request: HttpRequest,
    product_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Replace a product; with `If-Match: "<version>"` only if the version has not changed."""
    return await _change(
        request, product_id, _whole(await read_body(request, ProductBody)), engine, clock
    )


@patch(
    "/shop/admin/products/{product_id:str}",
    access=Access(SHOP, ADMIN, body=ProductPatch, headers=_IF_MATCH, answers={200: AdminProduct}),
)
async def change_product(
    request: HttpRequest,
    product_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Change the given fields; with `If-Match: "<version>"` only if the version has not changed."""
    body = await read_body(request, ProductPatch)
    return await _change(request, product_id, await _part(product_id, body, engine), engine, clock)


@delete(
    "/shop/admin/products/{product_id:str}",
    status_code=HTTPStatus.OK,
    access=Access(SHOP, ADMIN, headers=_IF_MATCH, answers={204: None}),
)
async def delete_product(
    request: HttpRequest,
    product_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Take a product off sale; purchases of it stay readable."""
    now = clock.now
    version = _expected(request)
    await writes.delete_product(engine, now, number_or_none(product_id), version)
    gone = Reply(HTTPStatus.NO_CONTENT, b"")
    gone.raw_headers = [(b"cache-control", b"no-store")]  # 204 has no length and no type
    return gone


async def _change(
    request: HttpRequest, product_id: int, change: ProductChange, engine: AsyncEngine, clock: Time
) -> Reply:
    now = clock.now
    known_id = number_or_none(product_id)
    return _answer(await writes.change_product(engine, now, known_id, change, _expected(request)))


def _whole(body: ProductBody) -> ProductChange:
    price = money_in(body.price, body.currency, "price")
    return ProductChange(
        title=body.title,
        description=body.description,
        minor=price.minor,
        currency=price.currency,
    )


async def _part(product_id: int, body: ProductPatch, engine: AsyncEngine) -> ProductChange:
    """The change; price and currency are written together, so concurrent edits cannot mix them."""
    change = ProductChange(title=body.title, description=body.description)
    if not bytes(body.price):
        if body.currency is not msgspec.UNSET:
            message = "a currency comes with a price"
            raise InvalidBody(errors=[{"field": "currency", "message": message}])
        return change
    code = body.currency
    if code is msgspec.UNSET:
        code = (await queries.get_product(engine, number_or_none(product_id))).currency
    price = money_in(body.price, code, "price")
    return msgspec.structs.replace(change, minor=price.minor, currency=price.currency)


def _expected(request: HttpRequest) -> int | None:
    """`If-Match` version; None for `*` or absent. Raises 412 if malformed."""
    if_match = header(request, b"if-match")
    if if_match is None or if_match.strip() == "*":
        return None
    match = _VERSION.fullmatch(if_match.strip())
    if match is None:
        raise VersionMismatch
    return int(match[1])


def _product(product: Product) -> AdminProduct:
    return AdminProduct(
        product_id=product.id,
        title=product.title,
        description=product.description,
        price=number_in(product.minor, product.currency),
        currency=product.currency,
        version=product.version,
    )


def _answer(product: Product, status: int = HTTPStatus.OK) -> Reply:
    headers: list[Any] = [(b"etag", b'"%d"' % product.version)]
    return json_reply(_product(product), status, headers)


HANDLERS: Final = (
    list_admin_products,
    create_product,
    get_product,
    replace_product,
    change_product,
    delete_product,
)
