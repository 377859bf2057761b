"""Client of the payments platform: retries that never pay twice, sync and async, typed."""

from payments_client import answers, calls, webhooks
from payments_client.client import AsyncClient, Client
from payments_client.errors import (
    BadWebhook,
    Conflict,
    CurrencyMismatch,
    FateUnknown,
    IdempotencyConflict,
    InsufficientFunds,
    InvalidRequest,
    NoAnswer,
    NotAllowed,
    NotFound,
    PaymentsError,
    Problem,
    Unavailable,
    Undecided,
    WalletNotUsable,
)

__all__ = [
    "AsyncClient",
    "BadWebhook",
    "Client",
    "Conflict",
    "CurrencyMismatch",
    "FateUnknown",
    "IdempotencyConflict",
    "InsufficientFunds",
    "InvalidRequest",
    "NoAnswer",
    "NotAllowed",
    "NotFound",
    "PaymentsError",
    "Problem",
    "Unavailable",
    "Undecided",
    "WalletNotUsable",
    "answers",
    "calls",
    "webhooks",
]
