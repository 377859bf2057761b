"""An application over a door that keeps what it is given, for tests of what surfaces share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

import httpx
import msgspec
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.destination import Policy, Resolver
from payments.endpoints.sealing import Seal
from payments.http.app import build_app
from payments.http.auth import API_KEY, BEARER_KEY, Actor, Scheme, Schemes, bearer_token
from payments.http.caught_up import Accepted
from payments.http.health import Ages, Readiness
from payments.http.operation_status import Decisions, Markers
from payments.http.operations import Refusals
from payments.http.services import Connection, Services, Time
from payments.kernel.database import create_engine
from payments.kernel.errors import NotAuthenticated, PaymentsError
from payments.kernel.ids import OperationId
from payments.operations.envelope import Envelope, decode
from payments.operations.outcome import Decision
from payments.operations.outcomes import Coming, Parked, PartOutcome, StoredOutcomes
from payments.operations.submit import Submitter
from payments.reads.event_feed import EventFeed
from payments.reads.replica import ReadEngine
from payments.registry import OPERATIONS
from payments.surfaces.native.routes import ROUTER
from streams.commands import NOTHING_BESIDE, Beside

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
"""Routes that read the database are there, and no test here asks for one."""
NOW = datetime(2026, 11, 20, 21, tzinfo=UTC)
EARLIER = NOW - timedelta(seconds=1)
KEYS = {
    "all": Actor("key:all", frozenset({"*"})),
    "reader": Actor("key:reader", frozenset({"wallets:read", "operations:read"})),
}


class FakeDoor:
    """Keeps envelopes and markers in memory; `closed` is raised when set."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.markers: dict[UUID, bytes] = {}
        self.closed: PaymentsError | None = None

    async def append(
        self,
        _partition_key: int | str,
        operation_id: OperationId,
        payload: bytes,
        marker: bytes,
        _beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        """Keep it, or raise."""
        if self.closed is not None:
            raise self.closed
        self.envelopes.append(decode(payload))
        found = self.markers.get(operation_id)
        self.markers.setdefault(operation_id, marker)
        return found

    def partition_of(self, _partition_key: int | str) -> int:
        """There is only one."""
        return 0

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """What an append left."""
        return self.markers.get(operation_id)


class FakeOutcomes:
    """Outcomes a test decided beforehand; `answer` decides whatever is waited for."""

    reply_to = "test"

    def __init__(self) -> None:
        self.stored: dict[UUID, Decision] = {}
        self.answer: dict[str, Any] | None = None
        self.parts: Sequence[PartOutcome] | None = None

    async def find(self, operation_id: OperationId) -> Decision | None:
        """What the test stored."""
        return self.stored.get(operation_id)

    async def read(self, ids: Sequence[UUID]) -> dict[int, Decision]:
        """What the test stored."""
        return {id_.int: self.stored[id_] for id_ in ids if id_ in self.stored}

    async def read_parked(self, _ids: Sequence[UUID]) -> list[Envelope]:
        """Nothing is parked here."""
        return []

    async def find_parked(self, _operation_id: OperationId) -> Envelope | None:
        """Nothing is parked here."""
        return None

    @contextmanager
    def expect(
        self,
        operation_id: OperationId,
        digest: bytes | None,
        _submitted_at: datetime | None = None,
    ) -> Iterator[Coming]:
        """What the test wants answered, at once."""
        answer = self.answer
        yield FakeComing(
            None if answer is None else decision_of(operation_id, digest or b"", **answer),
            self.parts,
        )

    async def wait(
        self, operation_id: OperationId, submitted_at: datetime, timeout_s: float
    ) -> Decision | Parked | None:
        """The same, for those who only ask."""
        with self.expect(operation_id, None, submitted_at) as coming:
            return await coming.within(timeout_s)


class ClientSubmitter(Submitter):
    """As that of the API, which appends a keyed request before it looks for an earlier one."""

    looks_first = False


class FakeAccepted:
    """Nothing stands in the streams, unless a test says that something does for ever."""

    is_applied = True

    async def wait(self) -> bool:
        """At once."""
        return self.is_applied


class FakeComing(NamedTuple):
    """An outcome that is there already, or never comes."""

    decision: Decision | None
    parts: Sequence[PartOutcome] | None = None

    async def within(self, _timeout_s: float) -> Decision | None:
        """It, at once."""
        return self.decision


def decision_of(operation_id: UUID, digest: bytes = b"", **changes: Any) -> Decision:
    """A stored outcome, applied unless said otherwise."""
    decision = Decision(
        operation_id=operation_id,
        kind="transfer.create",
        digest=digest,
        actor="key:all",
        status="applied",
        reason=None,
        result='{"transfer_id":"t"}',
        effects=None,
        accepted_at=NOW,
        decided_at=NOW,
    )
    return msgspec.structs.replace(decision, **changes)


async def authenticate(connection: Connection) -> Actor:
    """Keys are their own names."""
    actor = KEYS.get(bearer_token(connection) or "")
    if actor is None:
        raise NotAuthenticated
    return actor


class Api:
    """A client of the application, and the fakes behind it."""

    def __init__(self, *routes: ControllerRouterHandler) -> None:
        self.door = FakeDoor()
        self.outcomes = FakeOutcomes()
        self.accepted = FakeAccepted()
        engine = create_engine(NOWHERE, pool_size=1, application="tests")
        self.services = Services(
            {
                AsyncEngine: engine,
                ReadEngine: ReadEngine(engine, None, 0),
                Time: Time(lambda: NOW),
                Submitter: ClientSubmitter(self.door, self.outcomes, lambda: NOW),
                Decisions: self.outcomes,
                StoredOutcomes: self.outcomes,
                Markers: self.door,
                Accepted: self.accepted,
                Refusals: Refusals.of(OPERATIONS),
                Readiness: Readiness(),
                Ages: Ages(),
                EventFeed: EventFeed(engine, {}),
                Seal: Seal(""),
                Policy: Policy(is_production=False),
                Resolver: Resolver(),
            }
        )
        schemes = Schemes({API_KEY: Scheme(authenticate, BEARER_KEY)})
        shown: Sequence[ControllerRouterHandler] = routes or (ROUTER,)
        self.app = build_app(shown, self.services, schemes)
        transport = httpx.ASGITransport(app=cast("Any", self.app), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")
        self.http.headers["Authorization"] = "Bearer all"
