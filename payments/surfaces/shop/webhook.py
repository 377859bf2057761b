"""`POST /payment/webhook`: the provider reports a top-up of a bill."""

import re
from http import HTTPStatus
from typing import Annotated, Any, ClassVar, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bills.topup
from payments.bills.parties import Parties, PartyFinder
from payments.bills.topup import TopUpBill, request_of
from payments.http.access import Access, Takes
from payments.http.amounts import AmountOrNumber
from payments.http.auth import PUBLIC
from payments.http.body import check_content_type, decode_body, minor_of, read_raw
from payments.http.hot import hot_post
from payments.http.operation_status import Decisions, Markers
from payments.http.operations import render_ticket
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Reply
from payments.http.services import HttpRequest, Time, header, service
from payments.kernel.errors import Conflict, InvalidBody
from payments.kernel.money import CURRENCIES, amount_text
from payments.operations.acceptance import Acceptance
from payments.operations.conflicts import record_conflict
from payments.operations.outcome import Status
from payments.operations.submit import Request, Ticket
from payments.surfaces.shop.answers import TopUpAccepted
from payments.surfaces.shop.bodies import NUMBER_MAX
from payments.surfaces.shop.config import CURRENCY
from payments.surfaces.shop.signature import WebhookKey
from payments.users.errors import UserNotFound
from payments.webhooks.acceptance import RecentlyAccepted, accept_once, content_of
from payments.webhooks.meaning import CreditBody
from payments.webhooks.recording import SHOP, on_record, write_refusal
from payments.webhooks.signing import HEADER, BadSignature

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


class WebhookBody(CreditBody, frozen=True, kw_only=True):
    """A top-up, with values as written in the JSON; `X-Signature` may replace `signature`.

    `currency`, `direction` and `status`, if present, must mean roubles received.
    """

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
    amount: AmountOrNumber
    signature: str | None = None


@hot_post(
    "/payment/webhook",
    # Not open: the body's signature is the credential, and only the handler can check it.
    access=Access(
        PUBLIC,
        operation=payments.bills.topup.OPERATION,
        takes=Takes.WAIT,
        body=WebhookBody,
        headers={"X-Signature": "`v2=<hex HMAC-SHA256 of the body>`, in place of `signature`."},
        answers={200: TopUpAccepted},
    ),
)
async def receive_webhook(request: HttpRequest) -> Reply:
    """Credit a bill with a top-up that the provider reports; repeats do not credit it again.

    `signature` is the SHA-1 hex of `{private_key}:{transaction_id}:{user_id}:{bill_id}:{amount}`,
    each as written in the JSON; or send `X-Signature: v2=<hex HMAC-SHA256 of the body>`. With
    `Prefer: wait=N` the response comes when the bill is credited, with `status` applied. Refused
    webhooks are recorded: GET /v1/turned-away-webhooks.
    """
    raw = await read_raw(request)
    check_content_type(request)
    body = decode_body(raw, WebhookBody)
    intent = intent_of(body)
    async with on_record(request, SHOP, raw):
        check_signature(request, raw, body)
        body.check_rouble_credit()
        ticket = await accept(request, intent)
    refused = None if ticket.decision is None else ticket.decision.reason
    if refused is not None:
        await write_refusal(request, SHOP, raw, refused, "decided so")
    return _answer(request, ticket)


def intent_of(body: WebhookBody) -> TopUpBill:
    """The intent of a body. All fields are checked before any signature is computed."""
    return TopUpBill(
        transaction_id=_number(body.transaction_id, "transaction_id"),
        user_id=_number(body.user_id, "user_id"),
        bill_id=_number(body.bill_id, "bill_id"),
        minor=minor_of(body.amount, _CURRENCY),
        currency=CURRENCY,
    )


def check_signature(request: HttpRequest, raw: bytes, body: WebhookBody) -> None:
    """Check the header's signature if present, otherwise the body's.

    Raises 403 `bad_signature`, or 422 when there is no signature.
    """
    key = service(request, WebhookKey)
    signature = header(request, HEADER)
    if signature is not None:
        if not key.keys.is_v2(signature, raw):
            raise BadSignature
        return
    if body.signature is None:
        errors = [{"field": "signature", "message": "needed without an X-Signature header"}]
        raise InvalidBody(errors=errors)
    ids = (body.transaction_id, body.user_id, body.bill_id)
    first, second, third = (bytes(raw_id).decode() for raw_id in ids)
    amount = amount_text(bytes(body.amount))
    if not key.is_sha1(body.signature, (first, second, third, amount)):
        raise BadSignature


async def accept(request: HttpRequest, intent: TopUpBill) -> Ticket:
    """Append the top-up to the stream.

    Raises `TransactionConflict`, `UserNotFound` or `BillOwnerMismatch`.
    """
    operation = request_of(intent)
    finder = service(request, PartyFinder)
    parties = await finder.find(intent.user_id, intent.bill_id)
    if parties in {Parties.NO_USER, Parties.OTHER_OWNER}:
        await _check_content(request, operation)
        raise UserNotFound if parties is Parties.NO_USER else BillOwnerMismatch
    ticket = await accept_once(request, operation, TransactionConflict, preferred_wait_s(request))
    if parties is Parties.NEW_BILL:
        finder.claim(intent.user_id, intent.bill_id)
    return ticket


async def _check_content(request: HttpRequest, operation: Request) -> None:
    """Raise `TransactionConflict` for other content before user and bill are checked."""
    digest, operation_id = content_of(operation), operation.operation_id
    is_other = service(request, RecentlyAccepted).is_other(operation_id, digest)
    if not is_other:
        known: Any = await service(request, Decisions).find(operation_id)  # type: ignore[type-abstract]
        if known is None:
            marker = await service(request, Markers).find_marker(operation_id)  # type: ignore[type-abstract]
            known = None if marker is None else msgspec.json.decode(marker, type=Acceptance)
        is_other = known is not None and known.digest != digest
    if is_other:
        await record_conflict(service(request, AsyncEngine), service(request, Time).now, operation)
        raise TransactionConflict(operation_id=str(operation_id))


def _answer(request: HttpRequest, ticket: Ticket) -> Reply:
    """200 for an accepted top-up, repeated or not; a stored refusal is answered again."""
    if ticket.decision is not None and ticket.decision.status != Status.APPLIED.value:
        return render_ticket(
            request, ticket, at=None, headers=(APPLIED,) if preferred_wait_s(request) else ()
        )
    prefers = preferred_wait_s(request) > 0
    status = b"applied" if prefers and ticket.decision is not None else b"accepted"
    operation_id = str(ticket.operation_id).encode()
    body = b'{"status":"%s","operation_id":"%s"}' % (status, operation_id)
    return Reply(HTTPStatus.OK, body, (APPLIED,) if prefers else ())


def _number(raw: msgspec.Raw, field: str) -> int:
    if _NUMBER.fullmatch(raw) is None:
        message = "a whole number of 1 to 16 digits, not quoted"
        raise InvalidBody(errors=[{"field": field, "message": message}])
    return int(bytes(raw))


HANDLERS: Final = (receive_webhook,)
