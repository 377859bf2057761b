"""Many operations in one request: each is accepted, decided and answered on its own."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

import msgspec
from litestar import post
from litestar.handlers import BaseRouteHandler

from payments.http.access import Access, Takes
from payments.http.auth import API_KEY, Actor, InsufficientScope, actor_of
from payments.http.body import decode_body, read_body
from payments.http.claims import claim_key
from payments.http.idempotency import REPLAYED, checked_key, key_of
from payments.http.openapi import declared
from payments.http.operations import PARKED, applied_body
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, service
from payments.kernel.errors import InvalidBody, PaymentsError
from payments.operations.envelope import Intent, digest_of_intent
from payments.operations.operation import Operation
from payments.operations.outcome import Status
from payments.operations.submit import Request, Submitter, Ticket, fresh, keyed
from payments.surfaces.native.answers import BulkAnswer
from payments.surfaces.native.bodies import BulkBody
from payments.surfaces.native.holds import create_hold, hold
from payments.surfaces.native.transfers import create_transfer, transfer
from payments.surfaces.native.wallets import adjust, adjustment

BULK_MAX_BYTES: Final = 1024 * 1024
NOT_ACCEPTED: Final = "not_accepted"
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
    intent: Callable[[Any], Intent]
    operation: Operation[Any]


def _item_type(body: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The body of the single POST, with the two fields an item has more."""
    more: Any = [
        ("kind", str),
        ("idempotency_key", Annotated[str, msgspec.Meta(max_length=255)] | None, None),
    ]
    return msgspec.defstruct(
        f"Bulk{body.__name__}",
        more,
        bases=(body,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


def _kind(route: BaseRouteHandler, intent: Callable[[Any], Intent]) -> BulkKind:
    """The kind of a single POST: its route says scope, body and operation."""
    access = declared(route)
    if access.scope is None or access.operation is None:
        raise ValueError(f"{route} submits no operation under a scope")
    return BulkKind(access.scope, _item_type(access.body), intent, access.operation)


KINDS: Final = {
    "transfer": _kind(create_transfer, transfer),
    "hold": _kind(create_hold, hold),
    "adjustment": _kind(adjust, adjustment),
}
SINGLE_ONLY: Final[Mapping[str, str]] = {
    "account.open": "nobody has asked for accounts in bulk",
    "transaction.create": "it is many movements already",
    "transaction.reverse": "its path names the transaction",
    "wallet.change": "its path names the wallet",
    "hold.extend": "its path names the hold",
    "wallet.open": "nobody has asked for wallets in bulk",
    "wallet.close": "its path names the wallet",
    "wallet.freeze": "its path names the wallet",
    "transfer.reverse": "its path names the transfer",
    "hold.capture": "its path names the hold",
    "hold.release": "its path names the hold",
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
        answers={200: BulkAnswer, 202: BulkAnswer},
        takes=Takes.KEY_AND_WAIT,
        body_max_bytes=BULK_MAX_BYTES,
    ),
)
async def submit_bulk(request: HttpRequest) -> Reply:
    """Up to 1000 operations, answered in order; one refused item does not touch the others.

    Each needs its own scope.
    """
    body = await read_body(request, BulkBody)
    actor, key, wait_s = actor_of(request), key_of(request), preferred_wait_s(request)
    read = [_read(raw, index, actor, key) for index, raw in enumerate(body.operations)]
    is_repeat = key is not None and await claim_key(
        request, key, kind=BULK, content=_encode([item.content for item in read])
    )
    wanted = [item.request for item in read]
    accepted = [w for w in wanted if isinstance(w, Request)]
    answers = dict(
        zip(
            map(id, accepted), await service(request, Submitter).many(accepted, wait_s), strict=True
        )
    )
    items = [_item(w if isinstance(w, PaymentsError) else answers[id(w)], w) for w in wanted]
    headers = ((REPLAYED,) if is_repeat else ()) + ((APPLIED,) if wait_s else ())
    return json_reply({"items": items}, HTTPStatus.OK if wait_s else HTTPStatus.ACCEPTED, headers)


class _Item(msgspec.Struct, frozen=True):
    """An item as it was read; `content` is the same for the same item, whoever sends it."""

    request: Request | PaymentsError
    content: Sequence[Any]


def _read(raw: msgspec.Raw, index: int, actor: Actor, key: str | None) -> _Item:
    """The operation an item wants, or why it is none: a bad item is refused alone."""
    at = f"operations[{index}]."
    try:
        head = decode_body(bytes(raw), BulkKey, prefix=at)
        kind = _kind_of(head, at)
        intent = kind.intent(decode_body(bytes(raw), kind.body, prefix=at))
        own_key = None if (own := head.idempotency_key) is None else checked_key(own)
    except PaymentsError as error:
        return _Item(error, ("not readable", bytes(raw).hex()))
    content = (own_key, digest_of_intent(kind.operation.kind, "", intent))
    if not actor.may(kind.scope):
        scope = kind.scope
        return _Item(InsufficientScope(f"the scope {scope} is needed", scope=scope), content)
    key_in_bulk = None if key is None else f"{key}\x1f{index}"
    return _Item(_request(kind, intent, actor, own_key, key_in_bulk), content)


def _kind_of(head: BulkKey, at: str) -> BulkKind:
    kind = KINDS.get(head.kind)
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
