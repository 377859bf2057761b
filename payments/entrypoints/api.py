"""The API role: builds the application and serves it."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog
import uvicorn
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.apikeys.authenticate import KeyAuthenticator
from payments.apikeys.writes import StoredKey, find_key
from payments.entrypoints import memory
from payments.entrypoints.console import console_services
from payments.entrypoints.database_watch import DatabaseWatch
from payments.entrypoints.scheduler_watch import SchedulerWatch
from payments.entrypoints.settings import Settings
from payments.entrypoints.surfaces import LIFESPANS, surface_schemes, surface_services
from payments.http.access_log import AccessLog, AccessPolicy
from payments.http.app import build_app
from payments.http.auth import API_KEY, BEARER_KEY, Scheme, Schemes
from payments.http.caught_up import Accepted
from payments.http.health import Ages, Readiness
from payments.http.hot import HotRoutes
from payments.http.operation_status import Decisions, Markers
from payments.http.operations import Refusals
from payments.http.protocol import protocol
from payments.http.services import Services, Time, services_of
from payments.http.serving import Forwarded, OperationsPort, Outermost, Server, listen
from payments.http.tracing import Traced
from payments.kernel import tracing
from payments.kernel.clock import Clock, utc_now
from payments.kernel.database import create_engine
from payments.operations.conflicts import RecordingSubmitter
from payments.operations.door import RedisDoor
from payments.operations.outcomes import StoredOutcomes
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter
from payments.reads.caught_up import CaughtUp
from payments.reads.event_feed import EventFeed
from payments.reads.replica import ReadEngine
from payments.registry import CONSOLE, CONSOLE_PAGES, OPERATIONS, PACKINGS, ROUTERS

_BACKLOG: Final = 2048
_GRACEFUL_S: Final = 10
_log = structlog.get_logger(__name__)


_WITH_CONSOLE: Final = (*ROUTERS, CONSOLE)


def create_app(settings: Settings, clock: Clock = utc_now) -> Litestar:
    """The application for these settings; it connects when it starts."""
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    engine = create_engine(
        database_url, pool_size=settings.database_pool, application="payments-api"
    )
    door = RedisDoor(
        redis_url,
        database_url,
        partition_count=settings.partitions,
        backlog_max=settings.backlog_max,
    )
    outcomes = OutcomeReader(redis_url, database_url)
    caught_up = CaughtUp(redis_url, database_url)
    feed = EventFeed(engine, PACKINGS)
    reads = _read_engine(settings, engine)
    watch = SchedulerWatch(engine, clock)
    sessions = DatabaseWatch(engine)
    services = Services(
        {
            Time: Time(clock),
            AsyncEngine: engine,
            ReadEngine: reads,
            Submitter: RecordingSubmitter(door, outcomes, clock, engine),
            Decisions: outcomes,
            OutcomeReader: outcomes,
            StoredOutcomes: outcomes,
            Markers: door,
            Accepted: caught_up,
            EventFeed: feed,
            Refusals: Refusals.of(OPERATIONS),
            Readiness: _readiness(engine, door),
            Ages: watch.ages(),
            **surface_services(settings, engine, clock),
            **console_services(settings, engine, door, clock),
        }
    )
    schemes = Schemes(
        {
            API_KEY: Scheme(_key_authenticator(engine), BEARER_KEY),
            **surface_schemes(settings, engine),
        }
    )

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncGenerator[None]:
        await door.start()
        await outcomes.start()
        await caught_up.start()
        await feed.start()
        await reads.start()
        await watch.start()
        await sessions.start()
        try:
            yield
        finally:
            await sessions.stop()
            await watch.stop()
            await reads.stop()
            await feed.stop()
            await caught_up.stop()
            await outcomes.stop()
            await door.stop()
            await engine.dispose()
            await asyncio.to_thread(tracing.flush)

    routers, pages = (
        (ROUTERS, None) if settings.console == "off" else (_WITH_CONSOLE, CONSOLE_PAGES)
    )
    return build_app(routers, services, schemes, [running, *LIFESPANS], _place(settings), pages)


def _read_engine(settings: Settings, primary: AsyncEngine) -> ReadEngine:
    url = settings.database_read_url.reveal()
    replica = (
        create_engine(url, pool_size=settings.database_pool, application="payments-api-reads")
        if url
        else None
    )
    return ReadEngine(primary, replica, settings.database_read_lag_s)


def _key_authenticator(engine: AsyncEngine) -> KeyAuthenticator:
    async def find(key_id: str) -> StoredKey | None:
        return await find_key(engine, key_id)

    return KeyAuthenticator(find)


def _readiness(engine: AsyncEngine, door: RedisDoor) -> Readiness:
    async def database() -> str | None:
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
        return None

    async def stream() -> str | None:
        return door.closed_reason

    return Readiness({"database": database, "stream": stream})


def serve(settings: Settings) -> Server:
    """A server of the application, not started yet."""
    policy = AccessPolicy(
        is_everything=settings.log_requests == "all", slow_s=settings.log_slow_ms / 1000
    )
    application = create_app(settings)
    logged: Any = AccessLog(HotRoutes(application), policy)
    app: Any = Outermost(Traced(logged) if settings.traces_url else logged, _place(settings))
    if settings.forwarded_allow_ips:
        app = Forwarded(app, settings.forwarded_allow_ips)
    config = uvicorn.Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=cast("Any", protocol(settings.read_timeout_s)),
        ws="none",
        lifespan="on",
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACEFUL_S,
        timeout_keep_alive=75,
        access_log=False,
        server_header=False,
        date_header=False,
        log_config=None,
        proxy_headers=False,
    )
    services = services_of(application)
    outcomes, feed = services.get(OutcomeReader), services.get(EventFeed)

    def release() -> None:
        outcomes.release()
        feed.release()

    return Server(config, release)


def _place(settings: Settings) -> OperationsPort:
    return OperationsPort(is_apart=settings.is_production, port=settings.metrics_port)


def main(settings: Settings) -> None:
    """The command `payments api`.

    Runs until SIGTERM or SIGINT and finishes the requests in progress.
    """
    sockets = listen([(settings.host, settings.port)], _BACKLOG)
    if settings.metrics_port:
        sockets += _operations_socket(settings)
    server = serve(settings)
    memory.settle()
    server.run(sockets)


def _operations_socket(settings: Settings) -> list[socket.socket]:
    """If the port is taken, only the metrics are missing; the API still starts."""
    try:
        return listen([(settings.metrics_address, settings.metrics_port)], _BACKLOG)
    except OSError as error:
        _log.warning("no_metrics", port=settings.metrics_port, error=str(error))
        return []
