"""A provider's view of one transaction, in one shape for responses, queries and callbacks."""

import enum
from datetime import datetime

import msgspec


class Source(enum.Enum):
    """Where a piece of evidence comes from."""

    US = "us"
    RESPONSE = "response"
    CALLBACK = "callback"
    QUERY = "query"
    REGISTRY = "registry"
    OPERATOR = "operator"


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A transaction as the provider shows it.

    `minor` of `currency`: the amount we asked for, according to the provider.
    """

    kind: str
    merchant_id: int
    transaction_id: str
    status: str
    version: int
    minor: int
    currency: str
    wallet_id: str = ""
    failure: str = ""
    redirect_url: str = ""
    expires_at: datetime | None = None
    paid_minor: int | None = None
    paid_currency: str = ""
    is_late: bool = False
