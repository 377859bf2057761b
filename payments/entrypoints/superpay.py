"""Builds SuperPay's parts from settings: the API's surface, the executor's client, the schedule."""

from collections.abc import Callable
from typing import TypeVar

from payments.entrypoints.settings import BadSettings, Settings
from payments.kernel.clock import Clock, utc_now
from payments.provider.schedule import Schedule
from payments.surfaces.superpay.client import SuperPayClient, SuperPayConfig
from payments.surfaces.superpay.config import SuperPaySurface, keys_of
from payments.surfaces.superpay.follow_ups import FollowUps

T = TypeVar("T")


def superpay_schedule(settings: Settings) -> Schedule:
    """When SuperPay is queried again."""
    try:
        waits_s = tuple(float(text) for text in settings.superpay_poll_s.split(",") if text.strip())
    except ValueError:
        raise BadSettings(["PAYMENTS_SUPERPAY_POLL_S is a list of seconds: 30,60,120"]) from None
    if not waits_s or min(waits_s) <= 0:
        raise BadSettings(["PAYMENTS_SUPERPAY_POLL_S is a list of seconds above zero"])
    return Schedule(waits_s, float(settings.superpay_resend_after_s))


def superpay_surface(settings: Settings, clock: Clock) -> SuperPaySurface:
    """Configuration of the API's surface."""
    secrets = settings.superpay_callback_secrets.reveal()
    return SuperPaySurface(
        callback_keys=_checked("PAYMENTS_SUPERPAY_CALLBACK_SECRETS", lambda: keys_of(secrets)),
        schedule=superpay_schedule(settings),
        follow_ups=FollowUps(clock),
        clock=clock,
    )


def superpay_client(settings: Settings) -> SuperPayClient | None:
    """The executor's client; None when SuperPay is not configured."""
    if not settings.superpay_base_url or not settings.superpay_signing_secret:
        return None
    config = SuperPayConfig(
        base_url=settings.superpay_base_url,
        api_key=settings.superpay_api_key.reveal(),
        signing_secret=settings.superpay_signing_secret.reveal(),
        timeout_s=float(settings.superpay_timeout_s),
    )
    return _checked("PAYMENTS_SUPERPAY_SIGNING_SECRET", lambda: SuperPayClient(config, utc_now))


def _checked(name: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except ValueError as error:
        raise BadSettings([f"{name}: {error}"]) from None
