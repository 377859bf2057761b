"""Decodes an entry into the operation it requests."""

import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn
from uuid import UUID

import msgspec

from payments.operations.envelope import VERSION, Envelope, Intent, decode, decode_strictly
from payments.operations.items import Item
from payments.operations.lapse import Lapsing
from payments.operations.operation import Operation, UnknownPartError
from streams.entry import Entry

KIND_MAX: Final = 64
_KIND: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)


class NotUnderstood(Exception):
    """A newer release wrote the entry. It stays in the stream for a consumer that can read it.

    `order`: entries with this order must not overtake it; "" when unknown.
    """

    def __init__(self, reason: str, order: str) -> None:
        super().__init__(reason)
        self.order = order


class _Heading(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that an envelope of every version has."""

    operation_id: UUID
    kind: str
    version: int = 1
    order: str = ""


_HEADING: Final = msgspec.json.Decoder(_Heading)


class EntryReader:
    """Reads entries for a fixed set of operation kinds."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        """`operations` is the registry; two operations of one kind are refused."""
        self._operations: dict[str, Operation[Any]] = {}
        self._decoders: dict[str, msgspec.json.Decoder[Intent]] = {}
        for operation in operations:
            if operation.kind in self._operations:
                raise ValueError(f"two operations of kind {operation.kind}")
            self._operations[operation.kind] = operation
            self._decoders[operation.kind] = msgspec.json.Decoder(operation.intent)

    def lapsing(self) -> Lapsing[Any] | None:
        """The type of rows that expire; there may be only one, today holds."""
        by_type = {o.lapsing.type: o.lapsing for o in self._operations.values() if o.lapsing}
        if len(by_type) > 1:
            raise ValueError(f"rows of several types expire: {sorted(map(str, by_type))}")
        return next(iter(by_type.values()), None)

    def read(self, entry: Entry) -> Item:
        """The decoded item. Raises `NotUnderstood`, or a decoder's error for an
        unreadable entry.
        """
        try:
            envelope = decode_strictly(entry.payload)
        except msgspec.MsgspecError as error:
            _raise_if_newer(entry.payload, error)
            raise
        operation = self._operations.get(envelope.kind)
        if operation is None or envelope.version > VERSION:
            _raise_not_ours(envelope)
        try:
            intent = self._decoders[envelope.kind].decode(envelope.intent)
        except msgspec.ValidationError as error:
            if _is_unknown_field(error):
                raise NotUnderstood(f"{envelope.kind}: {error}", envelope.order) from error
            raise
        return Item(entry, envelope, operation, intent)

    def read_all(self, entry: Entry) -> list[Item]:
        """The item, and those of a bulk behind it. Raises as `read`.

        A bulk with an item of a newer release is of a newer release itself.
        """
        item = self.read(entry)
        operation = item.operation
        try:
            if operation.parts is not None:
                operation.parts(item.intent)  # which keeps them
            return [item] if operation.items is None else [item, *operation.items(item)]
        except UnknownPartError as error:
            if is_kind(error.kind):
                raise NotUnderstood(f"{error.kind} in a bulk", item.envelope.order) from error
            raise
        except msgspec.ValidationError as error:
            if _is_unknown_field(error):
                raise NotUnderstood(f"in a bulk: {error}", item.envelope.order) from error
            raise


def is_kind(text: str) -> bool:
    """True for text that a release may use as a kind; anything else is garbage."""
    return len(text) <= KIND_MAX and _KIND.fullmatch(text) is not None


def order_of(item: Item) -> str:
    """The order key of an item: items that share it are decided in order. 0.1.0
    does not write it.
    """
    return item.envelope.order or str(item.operation.partition_key(item.intent))


def envelope_of(entry: Entry) -> Envelope | None:
    """The envelope of an entry whose intent cannot be read, so that its caller
    learns it is parked.
    """
    try:
        return decode(entry.payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _raise_not_ours(envelope: Envelope) -> NoReturn:
    if not is_kind(envelope.kind):
        raise KeyError(f"{envelope.kind[:KIND_MAX]!r} cannot be a kind of operation")
    raise NotUnderstood(f"{envelope.kind} in version {envelope.version}", envelope.order)


def _raise_if_newer(payload: bytes, error: msgspec.MsgspecError) -> None:
    try:
        heading = _HEADING.decode(payload)
    except (msgspec.MsgspecError, ValueError):
        return
    if is_kind(heading.kind) and (heading.version > VERSION or _is_unknown_field(error)):
        raise NotUnderstood(f"{heading.kind}: {error}", heading.order) from error


def _is_unknown_field(error: msgspec.MsgspecError) -> bool:
    # msgspec has no exception class for this; a unit test fails when the message changes.
    return "unknown field" in str(error)
