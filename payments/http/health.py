"""Liveness, readiness and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple

from litestar import get
from litestar.di import NamedDependency
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply, json_reply
from payments.http.serving import for_operators

_CHECK_TIMEOUT_S: Final = 2.0

Check = Callable[[], Awaitable[str | None]]
"""None when the part works, else what is wrong with it, in words without secrets."""


class Readiness(dict[str, Check]):
    """What must work before requests may come, by name."""


class Age(NamedTuple):
    """`read` gives how many seconds ago something was heard of, None for never."""

    read: Callable[[], Awaitable[float | None]]
    alarm_s: float


class Ages(dict[str, Age]):
    """What should be heard of again and again: shown, and a warning when it is not, never a 503."""


@get("/health/live", access=Access(PUBLIC))
async def live() -> Reply:
    """The process answers."""
    return json_reply({"status": "live"})


@get("/health/ready", access=Access(PUBLIC))
async def ready(checks: NamedDependency[Readiness], heard: NamedDependency[Ages]) -> Reply:
    """Everything this process needs works; 503 names what does not."""
    found = await asyncio.gather(*(_run(check) for check in checks.values()))
    parts = dict(zip(checks, found, strict=True))
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


@get("/metrics", access=Access(PUBLIC), guards=[for_operators])
async def metrics() -> Reply:
    """Prometheus text. Labels are kinds, routes and reasons: nothing of a customer."""
    return Reply(HTTPStatus.OK, generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST.encode())


async def _run(check: Check) -> str | None:
    try:
        return await asyncio.wait_for(check(), _CHECK_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not work
        return type(error).__name__


async def _age(age: Age) -> tuple[float | None, str | None]:
    """Seconds, and a warning when they are too many."""
    try:
        seconds = await asyncio.wait_for(age.read(), _CHECK_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody knows
        return None, type(error).__name__
    if seconds is None:
        return None, "never heard of"
    rounded = round(seconds, 1)
    return rounded, f"silent for {rounded} s" if seconds > age.alarm_s else None


HANDLERS: Final = (live, ready, metrics)
