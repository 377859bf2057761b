"""Base of drivers: an HTTP client, a random generator of its own, builders of calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import httpx
import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.ids import AccountId, derived_id
from payments.kernel.randomness import Seeded
from payments_tools.torture.journal import Call, Document, Journal, Moves
from payments_tools.torture.sender import Sender
from payments_tools.torture.stage import Stage

JSON: Final = {"Content-Type": "application/json"}
CURRENCY: Final = "RUB"


class Driver(Protocol):
    """One surface's clients."""

    name: str
    weight: int
    """How often it is its turn, beside the others."""

    async def prepare(self) -> None:
        """Make what the load stands on, before anything is broken."""
        ...

    def next(self) -> Call:
        """The next call, already in the journal."""
        ...


@dataclass(kw_only=True)
class Tools:
    """What drivers work with."""

    stage: Stage
    http: httpx.AsyncClient
    sender: Sender
    journal: Journal
    engine: AsyncEngine
    api_key: str
    client: str
    seed: int


class Surface:
    """Base of drivers: makes calls under keys of its own."""

    name = ""

    def __init__(self, tools: Tools) -> None:
        """The random generator depends on the seed and the surface only."""
        self.tools = tools
        self.rng = Seeded(f"{tools.seed}:{self.name}")
        self._number = 0

    def key(self) -> str:
        """A key nobody used before."""
        self._number += 1
        return f"{self.name}-{self.tools.seed}-{self._number}"

    def call(
        self,
        kind: str,
        path: str,
        body: Mapping[str, Any] | bytes,
        *,
        key: str,
        headers: Mapping[str, str],
        operation_id: UUID,
        moves: Moves = (),
        opens_minor: int | None = None,
        balances: Mapping[str, AccountId] | None = None,
        then: Callable[[Call, Document], None] | None = None,
    ) -> Call:
        """A call, in the journal. The first account of `moves` that gives is the payer."""
        giving = [(account, -minor) for account, minor in moves if minor < 0]
        payer, pays_minor = giving[0] if giving else (None, 0)
        call = Call(
            surface=self.name,
            kind=kind,
            key=key,
            path=path,
            body=body if isinstance(body, bytes) else msgspec.json.encode(body),
            headers={**JSON, **headers},
            moves=moves,
            opens_minor=opens_minor,
            operation_id=operation_id,
            payer=payer,
            pays_minor=pays_minor,
            balances=balances or {},
            then=then,
        )
        return self.tools.journal.add(call)

    def keyed(
        self,
        kind: str,
        path: str,
        body: Mapping[str, Any],
        *,
        moves: Moves = (),
        balances: Mapping[str, AccountId] | None = None,
        wait_s: int | None = None,
        then: Callable[[Call, Document], None] | None = None,
    ) -> Call:
        """A call of the native API: by API key, under an Idempotency-Key."""
        key = self.key()
        headers = {"Authorization": f"Bearer {self.tools.api_key}", "Idempotency-Key": key}
        if wait_s or (wait_s is None and self.rng.random() < 0.5):  # noqa: PLR2004 - half of them wait
            headers["Prefer"] = f"wait={wait_s or 3}"
        return self.call(
            kind,
            path,
            body,
            key=key,
            headers=headers,
            operation_id=derived_id("key", f"client:{self.tools.client}", key),
            moves=moves,
            balances=balances,
            then=then,
        )


def amount(minor: int) -> str:
    """Roubles and kopecks."""
    return f"{minor // 100}.{minor % 100:02d}"
