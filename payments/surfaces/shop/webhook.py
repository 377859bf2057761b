"""`POST /payment/webhook`: the provider reports money for a bill."""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bills.topup
from payments.bills.parties import Parties, PartyFinder
from payments.bills.queries import TurnedAway
from payments.bills.topup import TopUpBill, request_of
from payments.bills.writes import write_down
from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.body import Amount, check_content_type, decode_body, minor_of, read_raw
from payments.http.hot import hot_post
from payments.http.operation_status import Decisions, Markers
from payments.http.operations import render_ticket
from payments.http.reply import Reply
from payments.http.services import HttpRequest, Time, header, service
from payments.kernel.errors import Conflict, InvalidBody
from payments.kernel.money import CURRENCIES, amount_text
from payments.operations.batch import CONFLICT
from payments.operations.conflicts import record_conflict
from payments.operations.envelope import digest_of
from payments.operations.outcome import Status
from payments.operations.submit import Acceptance, Request, Submitter, Ticket
from payments.surfaces.shop.answers import TopUpAccepted
from payments.surfaces.shop.bodies import NUMBER_MAX
from payments.surfaces.shop.config import CURRENCY
from payments.surfaces.shop.signature import HEADER, BadSignature, WebhookKey, is_sha1, is_v2
from payments.users.errors import UserNotFound

_NUMBER: Final = re.compile(rb"[1-9][0-9]{0,15}")
_CURRENCY: Final = CURRENCIES[CURRENCY]

RawNumber = Annotated[
    msgspec.Raw,
    msgspec.Meta(extra_json_schema={"type": "integer", "minimum": 1, "maximum": NUMBER_MAX}),
]


class TransactionConflict(Conflict):
    """This transaction id came before with other content."""

    code = "transaction_conflict"


class BillOwnerMismatch(Conflict):
    """The bill belongs to another user."""

    code = "bill_owner_mismatch"


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up, its values as they are written; `X-Signature` may stand in for `signature`."""

    example: ClassVar = {
        "signature": "22ffa939314a22e53803aea7557d56b40cfd6161",
        "transaction_id": 1234567,
        "user_id": 123456,
        "bill_id": 123456,
        "amount": 100,
    }

    transaction_id: RawNumber
    user_id: RawNumber
    bill_id: RawNumber
    amount: Amount
    signature: str | None = None


@hot_post(
    "/payment/webhook",
    # Not open: the signature of the body is the credential, and it can only be checked here.
    access=Access(
        PUBLIC,
        operation=payments.bills.topup.OPERATION,
        body=WebhookBody,
        headers={"X-Signature": "`v2=<hex HMAC-SHA256 of the body>`, in place of `signature`."},
        answers={200: TopUpAccepted},
    ),
)
async def receive_webhook(request: HttpRequest) -> Reply:
    """Credit a bill with money the provider reports, once however often it is sent.

    `signature` is the SHA-1 hex of `{private_key}:{transaction_id}:{user_id}:{bill_id}:{amount}`,
    each as written in the JSON; or send `X-Signature: v2=<hex HMAC-SHA256 of the body>`.
    """
    raw = await read_raw(request)
    check_content_type(request)
    body = decode_body(raw, WebhookBody)
    intent = intent_of(body)
    async with _turned_away_on_record(request, raw, intent):
        check_signature(request, raw, body)
        ticket = await accept(request, intent)
    return _answer(request, ticket)


def intent_of(body: WebhookBody) -> TopUpBill:
    """The intent of a body, which is checked to the last character before anything is hashed."""
    return TopUpBill(
        transaction_id=_number(body.transaction_id, "transaction_id"),
        user_id=_number(body.user_id, "user_id"),
        bill_id=_number(body.bill_id, "bill_id"),
        minor=minor_of(body.amount, _CURRENCY),
        currency=CURRENCY,
    )


def check_signature(request: HttpRequest, raw: bytes, body: WebhookBody) -> None:
    """Either signature, the header first. Raises 403 `bad_signature`, or 422 when there is none."""
    key = service(request, WebhookKey)
    given = header(request, HEADER)
    if given is not None:
        if not is_v2(key, given, raw):
            raise BadSignature
        return
    if body.signature is None:
        errors = [{"field": "signature", "message": "needed without an X-Signature header"}]
        raise InvalidBody(errors=errors)
    ids = (body.transaction_id, body.user_id, body.bill_id)
    first, second, third = (bytes(raw_id).decode() for raw_id in ids)
    amount = amount_text(bytes(body.amount))
    if not is_sha1(key, body.signature, (first, second, third, amount)):
        raise BadSignature


async def accept(request: HttpRequest, intent: TopUpBill) -> Ticket:
    """Into the stream. Raises `TransactionConflict`, `UserNotFound` or `BillOwnerMismatch`."""
    wanted = request_of(intent)
    finder = service(request, PartyFinder)
    parties = await finder.find(intent.user_id, intent.bill_id)
    if parties in {Parties.NO_USER, Parties.OTHER_OWNER}:
        await _check_content(request, wanted)
        raise UserNotFound if parties is Parties.NO_USER else BillOwnerMismatch
    try:
        ticket = await service(request, Submitter)(wanted)
    except Conflict as error:
        if error.code != CONFLICT:
            raise
        raise await _conflict(request, wanted) from None
    if parties is Parties.NEW_BILL:
        finder.claim(intent.user_id, intent.bill_id)
    return ticket


async def _check_content(request: HttpRequest, wanted: Request) -> None:
    """A transaction known with other content says that before anything of user and bill."""
    digest = digest_of(wanted.operation.kind, wanted.actor, msgspec.json.encode(wanted.intent))
    known: Any = await service(request, Decisions).find(wanted.operation_id)  # type: ignore[type-abstract]
    if known is None:
        marker = await service(request, Markers).find_marker(wanted.operation_id)  # type: ignore[type-abstract]
        known = None if marker is None else msgspec.json.decode(marker, type=Acceptance)
    if known is not None and known.digest != digest:
        raise await _conflict(request, wanted)


async def _conflict(request: HttpRequest, wanted: Request) -> TransactionConflict:
    """Other content is evidence, so the whole of it goes on record."""
    await record_conflict(service(request, AsyncEngine), service(request, Time).now, wanted)
    return TransactionConflict(operation_id=str(wanted.operation_id))


def _answer(request: HttpRequest, ticket: Ticket) -> Reply:
    """Accepted, also when it was before; a refusal that is stored is told again."""
    if ticket.decision is not None and ticket.decision.status != Status.APPLIED.value:
        return render_ticket(request, ticket, at=None)
    return Reply(
        200, b'{"status":"accepted","operation_id":"%s"}' % str(ticket.operation_id).encode()
    )


@asynccontextmanager
async def _turned_away_on_record(
    request: HttpRequest, raw: bytes, intent: TopUpBill
) -> AsyncIterator[None]:
    """What is turned away is written down before the caller hears of it: the contract wants it."""
    try:
        yield
    except (BadSignature, UserNotFound, Conflict) as error:
        webhook = TurnedAway(
            kind=error.code,
            digest=hashlib.sha256(raw).digest(),
            transaction_id=intent.transaction_id,
            turned_away_at=service(request, Time).now(),
        )
        await write_down(service(request, AsyncEngine), webhook)
        raise


def _number(raw: msgspec.Raw, field: str) -> int:
    if _NUMBER.fullmatch(raw) is None:
        message = "a whole number of 1 to 16 digits, not quoted"
        raise InvalidBody(errors=[{"field": field, "message": message}])
    return int(bytes(raw))


HANDLERS: Final = (receive_webhook,)
