"""Configuration of the SuperPay surface, set by the composition root."""

import msgspec

from payments.kernel.clock import Clock
from payments.payouts.queries import Lens
from payments.provider.schedule import Schedule
from payments.surfaces.superpay.follow_ups import FollowUps
from payments.surfaces.superpay.signature import key_of


class SuperPaySurface(msgspec.Struct, frozen=True, kw_only=True):
    """`callback_keys`: empty turns the endpoint off; two while rotating."""

    callback_keys: tuple[bytes, ...]
    schedule: Schedule
    follow_ups: FollowUps
    clock: Clock

    def lens(self) -> Lens:
        """The view of payouts at this moment."""
        return Lens(schedule=self.schedule, now=self.clock())

    def __repr__(self) -> str:
        return "SuperPaySurface(...)"


def keys_of(secrets: str) -> tuple[bytes, ...]:
    """The keys of comma-separated secrets. Raises ValueError."""
    return tuple(key_of(secret.strip()) for secret in secrets.split(",") if secret.strip())
