"""Configuration of the simulator; the caller reads the environment, not the simulator."""

from pathlib import Path

import msgspec

from payments.kernel.clock import Clock, utc_now


class SimulatorConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets are `whsec_<base64>`; durations are seconds; `callback_url` None sends nothing.

    `public_url` is the base of the payment pages; None takes it from the request that asks for one.
    """

    data_dir: Path
    api_key: str
    request_secrets: tuple[str, ...]
    callback_secrets: tuple[str, ...]
    callback_url: str | None = None
    public_url: str | None = None
    settle_after_s: float = 1.0
    deposit_lifetime_s: float = 1800.0
    callback_timeout_s: float = 10.0
    callback_retry_s: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
    clock: Clock = utc_now
