"""Reading the items of a bulk: each is the body of a single POST, with its kind and its own key."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar.handlers import BaseRouteHandler

from payments.http.access import Access
from payments.http.auth import Actor, InsufficientScope, actor_of
from payments.http.body import decode_body
from payments.http.idempotency import checked_key
from payments.http.openapi import declared
from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidBody, PaymentsError
from payments.kernel.free_json import content_of
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import Operation
from payments.surfaces.native import items
from payments.surfaces.native.adjustments import adjust
from payments.surfaces.native.bodies import bulk_item_name
from payments.surfaces.native.holds import (
    capture_hold,
    create_hold,
    extend_hold,
    release_hold,
)
from payments.surfaces.native.transactions import create_transaction, reverse_transaction
from payments.surfaces.native.transfers import create_transfer, reverse_transfer
from payments.surfaces.superpay.deposits import create_deposit
from payments.surfaces.superpay.payouts import cancel_payout, create_payout

ReadIntent = Callable[[HttpRequest, Any], Awaitable[Intent]]
"""From the body of an item to its intent."""

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


class ReadItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it was read: its intent, or why it has none.

    `content` follows from the item's own text, whatever was looked up for its intent.
    """

    content: Sequence[Any]
    kind: BulkKind | None = None
    own_key: str | None = None
    intent: Intent | None = None
    error: PaymentsError | None = None


def _fields(kinds: Sequence[str], thing_id: str | None) -> list[Any]:
    """What an item has beside the body of the single POST."""
    key = ("idempotency_key", Annotated[str, msgspec.Meta(max_length=255)] | None, None)
    named = [("kind", Annotated[str, one_of(tuple(kinds))])] if kinds else []
    return [*named, key, *([] if thing_id is None else [(thing_id, UUID)])]


def _kind(
    kind: str, route: BaseRouteHandler, intent: ReadIntent, thing_id: str | None = None
) -> BulkKind:
    """The kind of a single POST: its route says scope, body and operation.

    `thing_id`: what stands in the path of the single POST.
    """
    access: Access = declared(route)
    if access.scope is None or access.operation is None:
        raise ValueError(f"{route} submits no operation under a scope")
    body = msgspec.defstruct(
        bulk_item_name(kind),
        _fields((kind, access.operation.kind), thing_id),
        bases=(access.body,),
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )
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
    "hold_extension": _kind("hold_extension", extend_hold, items.hold_extension, "hold_id"),
    "adjustment": _kind("adjustment", adjust, items.adjustment),
    "payout": _kind("payout", create_payout, items.payout),
    "payout_cancellation": _kind(
        "payout_cancellation", cancel_payout, items.payout_cancellation, "payout_id"
    ),
    "deposit": _kind("deposit", create_deposit, items.deposit),
}
"""An item may say the kind of its operation instead, `hold.capture`."""
_BY_KIND: Final = {kind.operation.kind: kind for kind in KINDS.values()} | KINDS
SINGLE_ONLY: Final[Mapping[str, str]] = {
    "account.open": "nobody has asked for accounts in bulk",
    "wallet.change": "its path names the wallet",
    "payout.resolve": "two persons decide it",
    "wallet.open": "nobody has asked for wallets in bulk",
    "wallet.close": "its path names the wallet",
    "wallet.freeze": "its path names the wallet",
}
"""Operations of the native API that no item of a bulk may be, each with the reason.

A test holds that every operation of a native route stands here or in `KINDS`.
"""


async def read_items(
    request: HttpRequest, raw_items: Sequence[msgspec.Raw], *, is_keyed: bool
) -> list[ReadItem]:
    """Every item, readable or not; a bad one is refused alone. Only a key needs their content."""
    actor = actor_of(request)
    return [
        await _read(request, actor, bytes(raw), index, is_keyed=is_keyed)
        for index, raw in enumerate(raw_items)
    ]


async def _read(
    request: HttpRequest, actor: Actor, raw: bytes, index: int, *, is_keyed: bool
) -> ReadItem:
    at = f"operations[{index}]."
    try:
        kind, body = _decoded(raw, at)
        own: str | None = body.idempotency_key  # type: ignore[attr-defined] # each item has it
        own_key = None if own is None else checked_key(own)
    except PaymentsError as error:
        return ReadItem(content=("not readable", raw.hex()), error=error)
    content = (kind.operation.kind, own_key, _said(body)) if is_keyed else ()
    try:
        if not actor.may(kind.scope):
            scope = kind.scope
            raise InsufficientScope(f"the scope {scope} is needed", scope=scope)
        intent = await kind.intent(request, body)
    except PaymentsError as error:
        return ReadItem(content=content, kind=kind, own_key=own_key, error=error)
    return ReadItem(content=content, kind=kind, own_key=own_key, intent=intent)


def _decoded(raw: bytes, at: str) -> tuple[BulkKind, msgspec.Struct]:
    """The item as the body of its kind."""
    kind = _guessed(raw)
    if kind is None:
        head = decode_body(raw, BulkKey, prefix=at)
        kind = _BY_KIND.get(head.kind)
        if kind is None:
            message = f"one of {', '.join(KINDS)}"
            raise InvalidBody(errors=[{"field": f"{at}kind", "message": message}])
    return kind, decode_body(raw, kind.body, prefix=at)


_BEGINNING: Final = re.compile(rb'\s*\{\s*"kind"\s*:\s*"([^"\\]*)"')


def _guessed(raw: bytes) -> BulkKind | None:
    """The kind of an item that begins with it, as most do: it is not decoded twice then.

    A kind given a second time is refused with every field that is.
    """
    beginning = _BEGINNING.match(raw)
    return None if beginning is None else _BY_KIND.get(beginning[1].decode(errors="replace"))


def content_digest(read: Sequence[ReadItem], *, is_atomic: bool) -> str:
    """The same for the same bulk: what its items say, in their order."""
    said = _encode([is_atomic, *(item.content for item in read)])
    return hashlib.sha256(said).hexdigest()[:32]


def _said(body: msgspec.Struct) -> dict[str, Any]:
    """The fields of an item; an amount or a currency is the same in each of its forms."""
    values = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return {name: _value(name, v) for name, v in values if v is not msgspec.UNSET}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, msgspec.Raw):
        return _raw(bytes(value))
    if isinstance(value, msgspec.Struct):
        return _said(value)
    if isinstance(value, list | tuple):
        return [_value(name, each) for each in value]
    if name == "kind":
        return None
    return value.upper() if name == "currency" and isinstance(value, str) else value


def _raw(raw: bytes) -> str:
    """Free-form JSON in its canonical text; an amount without the zeros at its end."""
    if raw.startswith(b"{"):
        return bytes(content_of(msgspec.Raw(raw))).decode()
    digits = raw.strip(b'"').decode(errors="replace")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
