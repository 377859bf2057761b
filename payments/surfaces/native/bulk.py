"""Many operations in one request: each is accepted, decided and answered on its own."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from payments.http.access import Access, Takes
from payments.http.auth import API_KEY, Actor, InsufficientScope, actor_of
from payments.http.body import decode_body, read_body
from payments.http.claims import claim_key
from payments.http.idempotency import REPLAYED, checked_key, key_of, request_for
from payments.http.openapi import declared
from payments.http.operations import PARKED, applied_body, render_ticket
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.kernel.errors import Conflict, InvalidBody, PaymentsError
from payments.kernel.words import one_of
from payments.operations.atomic import BULK_REJECTED, ApplyAll, AtomicPart, atomic, part_id
from payments.operations.envelope import Intent, digest_of_intent
from payments.operations.operation import Operation
from payments.operations.outcome import Status
from payments.operations.submit import Request, Submitter, Ticket, fresh, keyed
from payments.surfaces.native import items
from payments.surfaces.native.adjustments import adjust
from payments.surfaces.native.answers import NOT_ACCEPTED, BulkAnswer
from payments.surfaces.native.bodies import BulkBody, bulk_item_name
from payments.surfaces.native.holds import capture_hold, create_hold, release_hold
from payments.surfaces.native.transactions import create_transaction, reverse_transaction
from payments.surfaces.native.transfers import create_transfer, reverse_transfer

ReadIntent = Callable[[HttpRequest, Any], Awaitable[Intent]]
"""From the body of an item to its intent."""

BULK_MAX_BYTES: Final = 1024 * 1024
BULK: Final = "operations.bulk"
"""The kind of the operation that holds the key of a bulk. It moves nothing itself."""

_encode: Final = msgspec.json.Encoder().encode


class BulkKey(msgspec.Struct, frozen=True, kw_only=True):
    """What an item says beside the body of its POST."""

    kind: str
    idempotency_key: str | None = None


class BulkKind(msgspec.Struct, frozen=True):
    """How an item of a kind is read: the single POST's own scope, body and intent."""

    scope: str
    body: type[msgspec.Struct]
    intent: ReadIntent
    operation: Operation[Any]


def _item_type(
    kind: str, access: Access, operation: Operation[Any], thing_id: str | None
) -> type[msgspec.Struct]:
    """The body of the single POST, with the fields an item has more."""
    more: Any = [
        ("kind", Annotated[str, one_of((kind, operation.kind))]),
        ("idempotency_key", Annotated[str, msgspec.Meta(max_length=255)] | None, None),
    ]
    if thing_id is not None:
        more.append((thing_id, UUID))
    return msgspec.defstruct(
        bulk_item_name(kind),
        more,
        bases=(access.body,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _kind(
    kind: str, route: BaseRouteHandler, intent: ReadIntent, thing_id: str | None = None
) -> BulkKind:
    """The kind of a single POST: its route says scope, body and operation.

    `thing_id`: what stands in the path of the single POST.
    """
    access = declared(route)
    if access.scope is None or access.operation is None:
        raise ValueError(f"{route} submits no operation under a scope")
    body = _item_type(kind, access, access.operation, thing_id)
    return BulkKind(access.scope, body, intent, access.operation)


KINDS: Final = {
    "transfer": _kind("transfer", create_transfer, items.transfer),
    "transfer_reversal": _kind(
        "transfer_reversal", reverse_transfer, items.transfer_reversal, "transfer_id"
    ),
    "transaction": _kind("transaction", create_transaction, items.transaction),
    "transaction_reversal": _kind(
        "transaction_reversal", reverse_transaction, items.transaction_reversal, "transaction_id"
    ),
    "hold": _kind("hold", create_hold, items.hold),
    "capture": _kind("capture", capture_hold, items.capture, "hold_id"),
    "release": _kind("release", release_hold, items.release, "hold_id"),
    "adjustment": _kind("adjustment", adjust, items.adjustment),
}
"""An item may say the kind of its operation instead, `hold.capture`."""
_BY_KIND: Final = {kind.operation.kind: kind for kind in KINDS.values()} | KINDS
ATOMIC: Final = atomic([kind.operation for kind in KINDS.values()])
"""What a bulk submits that is applied as one."""
SINGLE_ONLY: Final[Mapping[str, str]] = {
    "account.open": "nobody has asked for accounts in bulk",
    "wallet.change": "its path names the wallet",
    "hold.extend": "its path names the hold",
    "wallet.open": "nobody has asked for wallets in bulk",
    "wallet.close": "its path names the wallet",
    "wallet.freeze": "its path names the wallet",
}
"""Operations of the native API that no item of a bulk may be, each with the reason.

A test holds that every operation of a native route stands here or in `KINDS`.
"""


@post(
    "/v1/operations/bulk",
    access=Access(
        API_KEY,
        "operations:read",
        body=BulkBody,
        mentions=tuple(kind.body for kind in KINDS.values()),
        answers={200: BulkAnswer, 202: BulkAnswer},
        takes=Takes.KEY_AND_WAIT,
        body_max_bytes=BULK_MAX_BYTES,
    ),
)
async def submit_bulk(request: HttpRequest, submitter: NamedDependency[Submitter]) -> Reply:
    """Up to 1000 operations, decided in their order; each needs its own scope.

    One refused item does not touch the others, or with `atomic` nothing is applied at all.
    """
    body = await read_body(request, BulkBody)
    key = key_of(request)
    read = [await _read(request, raw, index, key) for index, raw in enumerate(body.operations)]
    if body.atomic:
        return await _submit_atomic(request, submitter, read)
    wait_s = preferred_wait_s(request)
    is_repeat = key is not None and await claim_key(
        request, key, kind=BULK, content=_encode([item.content for item in read])
    )
    wanted = _in_one_order([item.request for item in read])
    accepted = [w for w in wanted if isinstance(w, Request)]
    tickets = await submitter.many(accepted, wait_s)
    answers = dict(zip(map(id, accepted), tickets, strict=True))
    outcomes = [_item(w if isinstance(w, PaymentsError) else answers[id(w)], w) for w in wanted]
    headers = ((REPLAYED,) if is_repeat else ()) + ((APPLIED,) if wait_s else ())
    return json_reply(
        {"items": outcomes}, HTTPStatus.OK if wait_s else HTTPStatus.ACCEPTED, headers
    )


def _in_one_order(wanted: Sequence[Request | PaymentsError]) -> list[Request | PaymentsError]:
    """All of them in the partition of the first, so that they are decided in their order."""
    first = next((w for w in wanted if isinstance(w, Request)), None)
    if first is None:
        return list(wanted)
    order = first.partition_key
    return [
        msgspec.structs.replace(w, order=order) if isinstance(w, Request) else w for w in wanted
    ]


async def _submit_atomic(
    request: HttpRequest, submitter: Submitter, read: "Sequence[_Item]"
) -> Reply:
    """One operation that is made of the items."""
    for index, item in enumerate(read):
        if isinstance(item.request, PaymentsError):
            raise _not_readable(index, item.request)
        if item.own_key is not None:
            where = {"field": f"operations[{index}].idempotency_key"}
            message = "an atomic bulk has one key, that of the request"
            raise InvalidBody(errors=[{**where, "message": message}])
    parts = tuple(
        AtomicPart(kind=r.operation.kind, intent=msgspec.Raw(_encode(r.intent)))
        for item in read
        if isinstance(r := item.request, Request)
    )
    asked = request_for(request, ATOMIC, ApplyAll(parts=parts))
    wait_s = preferred_wait_s(request)
    ticket = await submitter(asked, wait_s)
    headers = (APPLIED,) if wait_s else ()
    if ticket.decision is not None and ticket.decision.status == Status.APPLIED.value:
        replayed = (REPLAYED,) if ticket.is_replay else ()
        return Reply(HTTPStatus.OK, applied_body(ticket.decision), (*headers, *replayed))
    ids = [str(part_id(ticket.operation_id, index)) for index in range(len(parts))]
    accepted = [{"operation_id": id_, "status": Status.ACCEPTED.value} for id_ in ids]
    return render_ticket(request, ticket, headers=headers, more={"items": accepted})


def _not_readable(index: int, error: PaymentsError) -> PaymentsError:
    """The whole is refused before anything is accepted, as its operation would be."""
    return Conflict(
        BULK_REJECTED.sentence,
        code=BULK_REJECTED.code,
        errors=error.errors,
        item=index,
        item_reason=error.code,
        item_detail=error.detail,
    )


class _Item(msgspec.Struct, frozen=True):
    """An item as it was read; `content` is the same for the same item, whoever sends it."""

    request: Request | PaymentsError
    content: Sequence[Any]
    own_key: str | None = None


async def _read(request: HttpRequest, raw: msgspec.Raw, index: int, key: str | None) -> _Item:
    """The operation an item wants, or why it is none: a bad item is refused alone."""
    at = f"operations[{index}]."
    actor = actor_of(request)
    try:
        head = decode_body(bytes(raw), BulkKey, prefix=at)
        kind = _kind_of(head, at)
        body = decode_body(bytes(raw), kind.body, prefix=at)
        own_key = None if (own := head.idempotency_key) is None else checked_key(own)
        if not actor.may(kind.scope):
            scope = kind.scope
            raise InsufficientScope(f"the scope {scope} is needed", scope=scope)
        intent = await kind.intent(request, body)
    except PaymentsError as error:
        return _Item(error, ("not readable", bytes(raw).hex()))
    content = (own_key, digest_of_intent(kind.operation.kind, "", intent))
    key_in_bulk = None if key is None else f"{key}\x1f{index}"
    return _Item(_request(kind, intent, actor, own_key, key_in_bulk), content, own_key)


def _kind_of(head: BulkKey, at: str) -> BulkKind:
    kind = _BY_KIND.get(head.kind)
    if kind is None:
        raise InvalidBody(errors=[{"field": f"{at}kind", "message": f"one of {', '.join(KINDS)}"}])
    return kind


def _request(
    kind: BulkKind, intent: Intent, actor: Actor, own_key: str | None, key_in_bulk: str | None
) -> Request:
    if own_key is not None:
        return keyed(kind.operation, intent, actor=actor.name, key=own_key, also=actor.also)
    if key_in_bulk is not None:
        # The whole request repeated under its own key repeats its items; the scope keeps them off
        # single POSTs' keys.
        return keyed(
            kind.operation,
            intent,
            actor=actor.name,
            key=key_in_bulk,
            scope="bulk",
            also=actor.also,
        )
    return fresh(kind.operation, intent, actor=actor.name)


def _item(answer: Ticket | Exception, wanted: Request | PaymentsError) -> Any:
    operation_id = str(wanted.operation_id) if isinstance(wanted, Request) else None
    if isinstance(answer, PaymentsError):
        status = NOT_ACCEPTED if answer.retryable else Status.REJECTED.value
        told = {
            "reason": answer.code,
            "detail": answer.detail,
            "errors": answer.errors,
            "retryable": answer.retryable,
        }
        return {"operation_id": operation_id, "status": status, **told}
    if isinstance(answer, Exception):
        raise answer
    if answer.is_parked:
        return {"operation_id": operation_id, "status": Status.PARKED.value, "detail": PARKED}
    if answer.decision is None:
        return {"operation_id": operation_id, "status": Status.ACCEPTED.value}
    if answer.decision.status == Status.APPLIED.value:
        return msgspec.Raw(applied_body(answer.decision))
    refused = {"status": Status.REJECTED.value, "reason": answer.decision.reason}
    return {**msgspec.json.decode(answer.decision.result), "operation_id": operation_id, **refused}


HANDLERS: Final = (submit_bulk,)
