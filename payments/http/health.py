"""Liveness, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply, json_reply
from payments.http.serving import for_operators
from payments.kernel.words import one_of

_CHECK_TIMEOUT_S: Final = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when the part works, otherwise a message without secrets that says what is wrong."""


class Readiness(dict[str, Check]):
    """Checks that must pass before the process gets requests, by name."""


class Age(NamedTuple):
    """`read` gives the seconds since the last sign of life, None for never."""

    read: Callable[[], Awaitable[float | None]]
    alarm_s: float


class Ages(dict[str, Age]):
    """Ages of recurring events, by name. One that is too old gives a warning, never a 503."""


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Annotated[str, one_of(("live",))]


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`failing`: what does not work and why. `ages_s`: how long ago each other process was seen."""

    status: Annotated[str, one_of(("ready", "not_ready"))]
    failing: dict[str, str]
    checked: list[str]
    ages_s: dict[str, float | None]
    warnings: dict[str, str]


@get("/health/live", access=Access(PUBLIC, answers={200: Live}))
async def live() -> Reply:
    """Answer 200 while the process runs."""
    return json_reply({"status": "live"})


@get("/health/ready", access=Access(PUBLIC, answers={200: Ready, 503: Ready}))
async def ready(checks: NamedDependency[Readiness], heard: NamedDependency[Ages]) -> Reply:
    """Answer 200 when all checks pass, otherwise 503 with the failing ones."""
    results = await asyncio.gather(*(_run(check) for check in checks.values()))
    parts = dict(zip(checks, results, strict=True))
    failing = {name: trouble for name, trouble in parts.items() if trouble is not None}
    ages = {name: await _age(age) for name, age in heard.items()}
    body = {
        "status": "not_ready" if failing else "ready",
        "failing": failing,
        "checked": sorted(parts),
        "ages_s": {name: seconds for name, (seconds, _) in ages.items()},
        "warnings": {name: text for name, (_, text) in ages.items() if text is not None},
    }
    return json_reply(body, HTTPStatus.SERVICE_UNAVAILABLE if failing else HTTPStatus.OK)


@get(
    "/metrics",
    access=Access(PUBLIC, answers={200: str}, media_type="text/plain"),
    guards=[for_operators],
)
async def metrics() -> Reply:
    """Prometheus text. Labels are kinds, routes and reasons, never customer data."""
    return Reply(HTTPStatus.OK, generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST.encode())


async def _run(check: Check) -> str | None:
    try:
        return await asyncio.wait_for(check(), _CHECK_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - any error means that the part does not work
        return type(error).__name__


async def _age(age: Age) -> tuple[float | None, str | None]:
    """The age in seconds, and a warning when it is above the limit."""
    try:
        seconds = await asyncio.wait_for(age.read(), _CHECK_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - any error means that the age is unknown
        return None, type(error).__name__
    if seconds is None:
        return None, "never heard of"
    rounded = round(seconds, 1)
    return rounded, f"silent for {rounded} s" if seconds > age.alarm_s else None


HANDLERS: Final = (live, ready, metrics)
