"""Bodies of transactions and house accounts, and how their fields become intents.

What is wrong with a posting is said for all of them at once, each with its index.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from payments.http.auth import Actor, InsufficientScope
from payments.http.body import Amount, Body, CurrencyCode, Text, free_json_in, money_in
from payments.http.scopes import ADMIN
from payments.kernel.clock import rfc3339
from payments.kernel.errors import InvalidBody, PaymentsError
from payments.kernel.free_json import EMPTY, JsonObject
from payments.kernel.strict import NotRead, read_time
from payments.transactions.address import NAME_PATTERN, WALLET, name_in, read_address
from payments.transactions.create import CreateTransaction, Posting, PostingView

POSTINGS_MAX: Final = 100
REFERENCE_MAX: Final = 128
ADDRESS_MAX: Final = 80

Address = Annotated[
    str,
    msgspec.Meta(max_length=ADDRESS_MAX, description="`wallet:17` or `account:fees`"),
]
AccountName = Annotated[str, msgspec.Meta(pattern=NAME_PATTERN)]


class OpenAccountBody(Body, frozen=True, kw_only=True):
    """A house account; one name may exist in several currencies."""

    example: ClassVar = {"name": "fees", "currency": "RUB", "allow_negative": False}

    name: AccountName
    currency: CurrencyCode
    allow_negative: bool = False


class PostingBody(Body, frozen=True, kw_only=True):
    """Money from one wallet or house account to another of the same currency."""

    source: Address
    destination: Address
    amount: Amount
    currency: CurrencyCode


class TransactionBody(Body, frozen=True, kw_only=True):
    """Several postings that are made together or not at all.

    `reference` is any text of the client's. `effective_at`: when it counts for the books.
    """

    example: ClassVar[Mapping[str, Any]] = {
        "postings": [
            {
                "source": "wallet:1",
                "destination": "wallet:2",
                "amount": "95.00",
                "currency": "RUB",
            },
            {
                "source": "wallet:1",
                "destination": "account:fees",
                "amount": "5.00",
                "currency": "RUB",
            },
        ],
        "reference": "order-17",
        "description": "",
        "metadata": {},
        "effective_at": None,
    }

    postings: Annotated[list[PostingBody], msgspec.Meta(min_length=1, max_length=POSTINGS_MAX)]
    reference: Annotated[str, msgspec.Meta(max_length=REFERENCE_MAX)] = ""
    description: Text = ""
    metadata: JsonObject = msgspec.field(default_factory=lambda: EMPTY)
    effective_at: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class ReverseTransactionBody(Body, frozen=True, kw_only=True):
    """`force`, with scope `ledger:admin`: also where it takes the payer's wallet below zero."""

    example: ClassVar[Mapping[str, Any]] = {"reason": "charge-back", "force": False}

    reason: Text = ""
    force: bool = False


class ChangeTransactionBody(Body, frozen=True, kw_only=True):
    """Members that are merged into the metadata; null takes one out."""

    example: ClassVar[Mapping[str, Any]] = {"metadata": {"k": "v", "old": None}}

    metadata: JsonObject


def transaction(body: TransactionBody, now: datetime) -> CreateTransaction:
    """The intent of a body. Raises 422 with every posting that cannot be read."""
    return CreateTransaction(
        postings=_postings(body.postings),
        reference=body.reference,
        description=body.description,
        metadata=free_json_in(body.metadata, "metadata"),
        effective_at=_effective_at(body.effective_at, now),
    )


def check_accounts(actor: Actor, postings: Sequence[Posting | PostingView]) -> None:
    """Raise 403 `insufficient_scope` for a house account that this client may not touch."""
    if actor.may(ADMIN):
        return
    for posting in postings:
        for address in (posting.source, posting.destination):
            if address.startswith(WALLET):
                continue
            name = name_in(address)
            scope = ADMIN if name is None else f"accounts:{name}"
            if not actor.may(scope):
                raise InsufficientScope(f"the scope {scope} or {ADMIN} is needed", scope=scope)


class _Wrong(Exception):
    """A posting that cannot be read."""

    def __init__(self, code: str, side: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.side = side


def _postings(bodies: Sequence[PostingBody]) -> tuple[Posting, ...]:
    read: list[Posting] = []
    errors: list[dict[str, str | int]] = []
    for index, body in enumerate(bodies):
        try:
            read.append(_posting(body, read))
        except _Wrong as wrong:
            at = f"postings[{index}].{wrong.side}".rstrip(".")
            code, message = wrong.code, str(wrong)
            errors.append({"field": at, "index": index, "code": code, "message": message})
    if errors:
        raise InvalidBody(
            "Some postings cannot be made; `errors` names each.",
            code=str(errors[0]["code"]),
            errors=errors,
        )
    return tuple(read)


def _posting(body: PostingBody, earlier: Sequence[Posting]) -> Posting:
    for side in ("source", "destination"):
        try:
            read_address(getattr(body, side))
        except NotRead as error:
            raise _Wrong("invalid_body", side, str(error)) from None
    if body.source == body.destination:
        raise _Wrong("same_account", "destination", "source and destination are the same account")
    try:
        money = money_in(body.amount, body.currency)
    except PaymentsError as error:
        field = str(error.errors[0]["field"])
        raise _Wrong(error.code, field, error.detail) from None
    posting = Posting(
        source=body.source, destination=body.destination, minor=money.minor, currency=money.currency
    )
    if posting in earlier:
        raise _Wrong("repeated_posting", "", f"the same as postings[{earlier.index(posting)}]")
    return posting


def _effective_at(text: str | None, now: datetime) -> str | None:
    if text is None:
        return None
    try:
        moment = read_time(text)
    except NotRead as error:
        raise _invalid_time(str(error)) from None
    if moment > now:
        raise _invalid_time("a transaction counts from a time that has come, not from the future")
    return rfc3339(moment)


def _invalid_time(message: str) -> InvalidBody:
    return InvalidBody(
        code="invalid_effective_at", errors=[{"field": "effective_at", "message": message}]
    )
