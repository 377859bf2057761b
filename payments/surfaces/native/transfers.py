"""Transfers: create, look, reverse."""

from typing import Final

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.transfers.create
import payments.transfers.reverse
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.body import currency_in, minor_of, optional_minor_of, read_body
from payments.http.follow_up import existing
from payments.http.hot import hot_post
from payments.http.operations import submit
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, service
from payments.kernel.ids import parse_id
from payments.kernel.money import currency_of
from payments.surfaces.native.bodies import ReversalBody, TransferBody
from payments.transfers import queries
from payments.transfers.create import CreateTransfer
from payments.transfers.queries import TransferView
from payments.transfers.reverse import ReverseTransfer

READ: Final = "wallets:read"
WRITE: Final = "transfers:write"


def transfer(body: TransferBody) -> CreateTransfer:
    """The intent of a body."""
    currency = currency_in(body.currency)
    return CreateTransfer(
        source_wallet_id=body.source_wallet_id,
        destination_wallet_id=body.destination_wallet_id,
        minor=minor_of(body.amount, currency),
        currency=currency.code,
        description=body.description,
    )


@hot_post(
    "/v1/transfers",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.transfers.create.OPERATION,
        body=TransferBody,
    ),
)
async def create_transfer(request: HttpRequest) -> Reply:
    """Move money between two wallets of one currency."""
    body = await read_body(request, TransferBody)
    return await submit(request, payments.transfers.create.OPERATION, transfer(body))


@get("/v1/transfers/{transfer_id:str}", access=Access(API_KEY, READ, answers={200: TransferView}))
async def get_transfer(request: HttpRequest, transfer_id: FromPath[str]) -> Reply:
    """A transfer, or the reversal of one."""
    return json_reply(await look(request, transfer_id))


@post(
    "/v1/transfers/{transfer_id:str}/reverse",
    access=Access(
        API_KEY,
        WRITE,
        operation=payments.transfers.reverse.OPERATION,
        body=ReversalBody,
        may_be_empty=True,
    ),
)
async def reverse_transfer(request: HttpRequest, transfer_id: FromPath[str]) -> Reply:
    """Give a transfer back, whole or in part; never more in sum than it was."""
    body = await read_body(request, ReversalBody)
    transfer_ = await look(request, transfer_id)
    intent = reversal(transfer_, body)
    return await submit(request, payments.transfers.reverse.OPERATION, intent)


def reversal(transfer_: TransferView, body: ReversalBody) -> ReverseTransfer:
    """The intent of a body."""
    return ReverseTransfer(
        transfer_id=transfer_.transfer_id,
        minor=optional_minor_of(body.amount, currency_of(transfer_.currency)),
    )


async def look(request: HttpRequest, transfer_id: str) -> TransferView:
    """The transfer; one that is accepted only is waited for."""
    id_ = parse_id(transfer_id)
    engine = service(request, AsyncEngine)
    return await existing(request, id_, lambda: queries.get_transfer(engine, id_))


HANDLERS: Final = (create_transfer, get_transfer, reverse_transfer)
