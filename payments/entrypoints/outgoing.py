"""Builds the parts of outgoing webhooks from settings."""

from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deliveries.deliver import Deliverer
from payments.deliveries.send import Sender
from payments.endpoints.destination import Policy, policy_of
from payments.endpoints.sealing import Seal
from payments.entrypoints.settings import BadSettings
from payments.kernel.clock import utc_now
from payments.registry import PACKINGS

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings


def webhook_policy(settings: "Settings") -> Policy:
    """Where outgoing webhooks may be sent."""
    return policy_of(is_production=settings.is_production, allow_hosts=settings.webhook_allow_hosts)


def webhook_seal(settings: "Settings") -> Seal:
    """What encrypts the secrets of endpoints."""
    return Seal(settings.webhook_encryption_key.reveal())


def create_deliverer(settings: "Settings", engine: AsyncEngine) -> Deliverer:
    """What sends events to webhook endpoints."""
    return Deliverer(
        engine,
        PACKINGS,
        Sender(webhook_policy(settings), timeout_s=settings.webhook_timeout_s),
        webhook_seal(settings),
        utc_now,
        retry_after_s=_retry_after_s(settings),
    )


def _retry_after_s(settings: "Settings") -> tuple[float, ...]:
    try:
        waits_s = tuple(float(text) for text in settings.webhook_retry_s.split(",") if text.strip())
    except ValueError:
        raise BadSettings(["PAYMENTS_WEBHOOK_RETRY_S is a list of seconds: 5,300,1800"]) from None
    if not waits_s or not all(0 < wait_s < float("inf") for wait_s in waits_s):
        raise BadSettings(["PAYMENTS_WEBHOOK_RETRY_S is a list of seconds above zero"])
    return waits_s
