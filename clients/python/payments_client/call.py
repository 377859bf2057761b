"""A request as data: what is sent, and what its answer is decoded to."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T")

WAIT_MAX_S: Final = 30
"""The server waits no longer."""

Amount = Decimal | str | int
"""Never a float: 0.1 has no exact float."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    path: str
    query: Mapping[str, str] = msgspec.field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)


class Read(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A GET that is decoded to `type_`."""

    path: str
    type_: type[T]
    query: Mapping[str, str] = msgspec.field(default_factory=dict)

    def request(self) -> Request:
        """The request."""
        return Request(method="GET", path=self.path, query=self.query)


class Pages(Read[T], Generic[T], frozen=True, kw_only=True):
    """A list; `type_` is the type of an item."""


class Change(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A request that moves no money and changes nothing when it comes again."""

    path: str
    type_: type[T]
    method: str = "POST"
    body: Mapping[str, Any] | None = None

    def request(self) -> Request:
        """The request; identical bytes for every attempt."""
        if self.body is None:
            return Request(method=self.method, path=self.path)
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(self.body)
        return Request(method=self.method, path=self.path, body=body, headers=headers)


class Money(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A POST that moves money, under a key that all its attempts share."""

    path: str
    type_: type[T]
    body: Mapping[str, Any]
    key: str
    wait_s: int | None = None
    """None: the client's own."""

    def request(self, wait_s: int) -> Request:
        """The request; identical bytes for every attempt."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": self.key}
        if wait_s > 0:
            headers["Prefer"] = f"wait={wait_s}"
        body = msgspec.json.encode(self.body)
        return Request(method="POST", path=self.path, body=body, headers=headers)


Call = Read[T] | Money[T] | Change[T]
"""What a client runs."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = None


def new_key() -> str:
    """A key for a request that brings none."""
    return str(uuid.uuid4())


def amount_text(amount: Amount) -> str:
    """Decimal digits. Raises TypeError for a float."""
    if isinstance(amount, bool) or not isinstance(amount, Decimal | str | int):
        raise TypeError(f"an amount is a Decimal, a str or an int, not {type(amount).__name__}")
    return format(amount, "f") if isinstance(amount, Decimal) else str(amount)


def present(**values: Any) -> dict[str, Any]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def query_of(**values: str | int | None) -> dict[str, str]:
    """Parameters as text; those that are None are left out, and `from_` is `from`."""
    return {n.rstrip("_"): str(value) for n, value in values.items() if value is not None}
