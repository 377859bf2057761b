"""Settings: the meaning of each `PAYMENTS_*` variable; only entrypoints know them."""

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, get_type_hints

import msgspec

PREFIX: Final = "PAYMENTS_"


class Profile(enum.Enum):
    """Development serves the seeds' examples as written, on loopback. Production refuses unsafe
    settings.
    """

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Secret:
    """A value that must not be printed; only `reveal` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        """An empty secret is an unset one."""
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret(unset)"

    __str__ = __repr__


class BadSettings(Exception):
    """The environment cannot be used; `problems` explains everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


def _describes(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


Count = Annotated[int, msgspec.Meta(ge=1)]
Limit = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
PortOrNone = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One field per variable: `database_url` is PAYMENTS_DATABASE_URL.

    A secret may also come from a file: `…_FILE`.
    """

    env: Annotated[Profile, _describes("development (loopback only, demo data) or production")] = (
        Profile.DEVELOPMENT
    )
    host: Annotated[str, _describes("Address the API listens on")] = "127.0.0.1"
    published_host: Annotated[
        str,
        _describes("Development in a container: loopback address where its ports are published"),
    ] = ""
    port: Annotated[Port, _describes("Port the API listens on")] = 8000
    public_url: Annotated[
        str, _describes("Where clients reach the API; links in answers and mail begin with it")
    ] = ""
    data_dir: Annotated[
        Path, _describes("Folder of `payments up`: embedded servers, mail, logs")
    ] = Path(".payments")
    log_level: Annotated[str, _describes("debug, info, warning or error")] = "info"
    log_requests: Annotated[
        str, _describes("errors (and slow ones), or all: a line for every request")
    ] = "errors"
    log_slow_ms: Annotated[Count, _describes("A request slower than this gets a line")] = 1000
    read_timeout_s: Annotated[
        Count, _describes("How long a client may take to send a header, or go on with a body")
    ] = 20
    forwarded_allow_ips: Annotated[
        str, _describes("Proxies whose X-Forwarded-For and -Proto are believed")
    ] = "127.0.0.1"

    database_url: Annotated[
        Secret, _describes("PostgreSQL, postgresql://user:password@host/name")
    ] = Secret()
    redis_url: Annotated[
        Secret,
        _describes(
            "Redis or Valkey, redis://host:6379/0, or redis+cluster://…, redis+sentinel://…"
        ),
    ] = Secret()
    redis_durability: Annotated[
        str,
        _describes("checked, or attested: you vouch for what a managed Redis does not let us read"),
    ] = "checked"
    database_read_url: Annotated[
        Secret, _describes("A read replica of the database, for lists and history; empty: none")
    ] = Secret()
    database_read_lag_s: Annotated[
        Count, _describes("A replica further behind than this is not read from")
    ] = 5
    partitions: Annotated[
        Count, _describes("Partitions of the stream; fixed for ever at the first start")
    ] = 8
    backlog_max: Annotated[
        Count, _describes("Entries waiting in the stream before nothing more is accepted (503)")
    ] = 200_000
    database_pool: Annotated[Count, _describes("Database connections for reads, a process")] = 10
    metrics_port: Annotated[
        PortOrNone,
        _describes("Port of /metrics, a process (and of /schema, the API in production); 0: none"),
    ] = 0
    metrics_host: Annotated[
        str,
        _describes("Address of that port; empty: PAYMENTS_HOST. Keep it off the public network"),
    ] = ""

    traces_url: Annotated[
        str,
        _describes("Where traces go, OTLP: http://collector:4318/v1/traces; empty: none are made"),
    ] = ""

    jwt_secret: Annotated[Secret, _describes("Signs the shop's access tokens (HS256)")] = Secret()
    jwt_life_s: Annotated[Count, _describes("Seconds an access token is good for")] = 3600
    code_pepper: Annotated[Secret, _describes("Keys the hashes of confirmation codes")] = Secret()
    admin_login: Annotated[str, _describes("Login of the shop's administrator, made at start")] = ""
    admin_password: Annotated[Secret, _describes("Password of that administrator")] = Secret()

    walletservice_api_key: Annotated[
        Secret, _describes("Bearer key of /api/v1/wallet and /transaction; open in development")
    ] = Secret()
    shop_webhook_key: Annotated[
        Secret,
        _describes(
            "Signs POST /payment/webhook, nothing else; comma separated, two while rotating"
        ),
    ] = Secret()
    shop_webhook_sha1: Annotated[
        str, _describes("on or off: accept the SHA-1 signature beside v2 (HMAC-SHA256)")
    ] = "on"
    shop_logins: Annotated[
        Limit, _describes("Logins a minute for one login; 0: 10 in production, 300 in development")
    ] = 0
    shop_logins_of_address: Annotated[
        Limit, _describes("Logins a minute from one address; 0: 100, in development 6000")
    ] = 0
    shop_registrations_of_address: Annotated[
        Limit, _describes("Registrations a minute from one address; 0: 20, in development 6000")
    ] = 0
    bank_webhook_secret: Annotated[
        Secret,
        _describes("Signs POST /api/webhook/bank; two while rotating; open in development"),
    ] = Secret()

    events: Annotated[
        str, _describes("on or off: write an event for whatever is decided (events, webhooks)")
    ] = "on"
    webhook_encryption_key: Annotated[
        Secret,
        _describes("Encrypts the secrets of webhook endpoints; the new and the old, by comma"),
    ] = Secret()
    webhook_allow_hosts: Annotated[
        str, _describes("Hosts that webhooks may reach though they are private or http, by comma")
    ] = ""
    webhook_timeout_s: Annotated[
        Count, _describes("How long a receiver of webhooks may take to answer")
    ] = 15
    webhook_retry_s: Annotated[
        str, _describes("Seconds after which a webhook that failed is repeated, one by one")
    ] = "5,300,1800,7200,18000,36000,50400,72000,86400"
    webhook_keep_days: Annotated[
        Limit,
        _describes("Days that deliveries of webhooks are kept when they are over. 0: for ever"),
    ] = 30
    events_keep_days: Annotated[
        Limit, _describes("Days events are kept; whole months are let go. 0: for ever")
    ] = 0

    superpay_base_url: Annotated[str, _describes("SuperPay's API")] = ""
    superpay_api_key: Annotated[Secret, _describes("Our key at SuperPay")] = Secret()
    superpay_signing_secret: Annotated[Secret, _describes("Signs our requests to SuperPay")] = (
        Secret()
    )
    superpay_callback_secrets: Annotated[
        Secret, _describes("Secrets of SuperPay's callbacks, comma separated; two while rotating")
    ] = Secret()
    superpay_callback_url: Annotated[
        str, _describes("Where the simulator sends callbacks, if not to the public URL")
    ] = ""
    superpay_timeout_s: Annotated[Count, _describes("How long SuperPay may take to answer")] = 10
    superpay_poll_s: Annotated[
        str, _describes("Seconds between status queries, the last one repeats")
    ] = "30,60,120,300,900,3600,10800,21600,43200"
    superpay_resend_after_s: Annotated[
        Count, _describes("How long after a send SuperPay's 404 means nothing")
    ] = 900

    console: Annotated[str, _describes("on or off: the pages for operators at /console")] = "on"

    smtp_url: Annotated[
        Secret, _describes("smtp://user:password@host:587; in development mail becomes files")
    ] = Secret()
    mail_from: Annotated[str, _describes("Sender of our mail")] = "payments@localhost"

    @property
    def is_production(self) -> bool:
        return self.env is Profile.PRODUCTION

    @property
    def metrics_address(self) -> str:
        """The address the metrics port listens on."""
        return self.metrics_host or self.host

    @property
    def base_url(self) -> str:
        """The public URL, or the address this process listens on."""
        return self.public_url or f"http://{self.host}:{self.port}"


def variable(field: str) -> str:
    """The environment variable of a field."""
    return PREFIX + field.upper()


def _descriptions() -> dict[str, str]:
    types = get_type_hints(Settings, include_extras=True)
    return {
        variable(n): next(m.description for m in types[n].__metadata__ if m.description)
        for n in Settings.__struct_fields__
    }


DESCRIPTIONS: Final[Mapping[str, str]] = _descriptions()
"""The purpose of each variable, one line each."""

VARIABLES: Final[tuple[str, ...]] = tuple(DESCRIPTIONS)
"""All variables."""
