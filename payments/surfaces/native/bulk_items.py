"""Reading the items of a bulk: each is the body of a single POST, with its kind and its own key."""

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
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import Operation
from payments.surfaces.native import items
from payments.surfaces.native.adjustments import adjust, adjustment
from payments.surfaces.native.bodies import bulk_item_name
from payments.surfaces.native.bulk_content import said
from payments.surfaces.native.holds import (
    capture_hold,
    create_hold,
    extend_hold,
    hold,
    release_hold,
)
from payments.surfaces.native.transactions import create_transaction, reverse_transaction
from payments.surfaces.native.transfers import create_transfer, reverse_transfer, transfer
from payments.surfaces.superpay.deposits import create_deposit, deposit
from payments.surfaces.superpay.payouts import cancel_payout, create_payout, payout

LookUp = Callable[[HttpRequest, Any], Awaitable[Intent]]
"""From the body of an item to its intent, with what has to be looked up."""
Plain = Callable[[Any], Intent]
"""From the body of an item alone."""


class BulkKey(msgspec.Struct, frozen=True, kw_only=True):
    """What an item says beside the body of its POST."""

    kind: str
    idempotency_key: str | None = None


class BulkKind(msgspec.Struct, frozen=True):
    """How an item of a kind is read: the single POST's own scope, body and intent."""

    scope: str
    body: type[msgspec.Struct]
    operation: Operation[Any]
    plain: Plain | None = None
    look_up: LookUp | None = None

    async def intent(self, request: HttpRequest, body: msgspec.Struct) -> Intent:
        """The intent of an item. Raises what its single POST would answer."""
        if self.plain is not None:
            return self.plain(body)
        if self.look_up is None:
            raise ValueError(f"{self.operation.kind} is not read from an item")
        return await self.look_up(request, body)


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
    kind: str,
    route: BaseRouteHandler,
    thing_id: str | None = None,
    *,
    plain: Plain | None = None,
    look_up: LookUp | None = None,
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
    return BulkKind(access.scope, body, access.operation, plain, look_up)


KINDS: Final = {
    "transfer": _kind("transfer", create_transfer, plain=transfer),
    "transfer_reversal": _kind(
        "transfer_reversal", reverse_transfer, "transfer_id", look_up=items.transfer_reversal
    ),
    "transaction": _kind("transaction", create_transaction, look_up=items.transaction),
    "transaction_reversal": _kind(
        "transaction_reversal",
        reverse_transaction,
        "transaction_id",
        look_up=items.transaction_reversal,
    ),
    "hold": _kind("hold", create_hold, plain=hold),
    "capture": _kind("capture", capture_hold, "hold_id", look_up=items.capture),
    "release": _kind("release", release_hold, "hold_id", plain=items.release),
    "hold_extension": _kind("hold_extension", extend_hold, "hold_id", look_up=items.hold_extension),
    "adjustment": _kind("adjustment", adjust, plain=adjustment),
    "payout": _kind("payout", create_payout, plain=payout),
    "payout_cancellation": _kind(
        "payout_cancellation", cancel_payout, "payout_id", look_up=items.payout_cancellation
    ),
    "deposit": _kind("deposit", create_deposit, plain=deposit),
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
    alike = read_alike(raw_items)
    if alike is not None and actor.may(alike[0].scope):
        kind, plain, bodies = alike
        return [_item(kind, plain, body, is_keyed=is_keyed) for body in bodies]
    return [
        await _read(request, actor, bytes(raw), index, is_keyed=is_keyed)
        for index, raw in enumerate(raw_items)
    ]


def _item(kind: BulkKind, plain: Plain, body: msgspec.Struct, *, is_keyed: bool) -> ReadItem:
    """One of many items that were read at once."""
    content = (kind.operation.kind, None, said(body)) if is_keyed else ()
    try:
        intent = plain(body)
    except PaymentsError as error:
        return ReadItem(content=content, kind=kind, error=error)
    return ReadItem(content=content, kind=kind, intent=intent)


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
    content = (kind.operation.kind, own_key, said(body)) if is_keyed else ()
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


def read_alike(raw_items: Sequence[msgspec.Raw]) -> tuple[BulkKind, Plain, list[Any]] | None:
    """All items by one call of the decoder, which is a third of the time; None when they have to be
    read one by one: several kinds, own keys, a fault, or something to look at more closely.
    """
    kind = _guessed(bytes(raw_items[0]))
    if kind is None or kind.plain is None:
        return None
    raw = b"[%b]" % b",".join(raw_items)
    if b"\\u" in raw or b'"idempotency_key"' in raw:
        return None
    alike = _ALIKE.get(kind.body)
    if alike is None:
        alike = _ALIKE[kind.body] = _Alike(kind.body)
    bodies = alike.read(raw, raw_items)
    if bodies is None or any(_BY_KIND.get(body.kind) is not kind for body in bodies):
        return None
    return kind, kind.plain, bodies


class _Alike:
    """Reads a list of bodies of one type."""

    def __init__(self, body: type[msgspec.Struct]) -> None:
        """`body`: without objects in it, whose fields would have to be looked at too."""
        fields = msgspec.structs.fields(body)
        self._decode = msgspec.json.Decoder(list[body]).decode  # type: ignore[valid-type]
        self._required = [f'"{f.encode_name}"'.encode() for f in fields if f.required]
        self._optional = [f'"{f.encode_name}"'.encode() for f in fields if not f.required]

    def read(self, raw: bytes, raw_items: Sequence[msgspec.Raw]) -> list[Any] | None:
        """The bodies; None for a fault, and for what may be a field that is given twice."""
        try:
            bodies = self._decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        # Each name stands there once for every item; any more may be a duplicate.
        if any(raw.count(sign) != len(bodies) for sign in self._required):
            return None
        for sign in self._optional:
            if sign in raw and any(bytes(one).count(sign) > 1 for one in raw_items):
                return None
        return bodies


_ALIKE: Final[dict[type[msgspec.Struct], _Alike]] = {}
_BEGINNING: Final = re.compile(rb'\s*\{\s*"kind"\s*:\s*"([^"\\]*)"')


def _guessed(raw: bytes) -> BulkKind | None:
    """The kind of an item that begins with it, as most do: it is not decoded twice then.

    A kind given a second time is refused with every field that is.
    """
    beginning = _BEGINNING.match(raw)
    return None if beginning is None else _BY_KIND.get(beginning[1].decode(errors="replace"))
