"""The real executor, one effect at a time: each waits for its turn, and may die or pause in it."""

import asyncio
from contextvars import ContextVar
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.executor import Effects
from payments.kernel.clock import Clock
from payments.operations.finish import EffectEntry
from payments.operations.submit import Request, Submitter, Ticket
from payments.registry import EFFECTS
from payments.surfaces.superpay.client import SuperPayClient, SuperPayConfig
from streams.client import create_client
from streams.effects import EffectWorker
from streams.entry import Entry
from tests.fixtures.platform import Platform
from tests.fixtures.scripted_superpay import SIGNING

DEATHS: Final = ("before_claim", "after_claim", "after_answer", "after_report")
PAUSES: Final = "pauses"
UNREACHABLE: Final = "unreachable"
_NOWHERE: Final = "http://127.0.0.1:9"
_PATIENCE_S: Final = 30.0
_IMPATIENCE_S: Final = 0.05
"""Real seconds: how long a request waits for an answer that is not to come."""


class Killed(Exception):
    """The executor died here; what it was doing is delivered again."""


class Turn(msgspec.Struct):
    """An effect that is not done. `state`: waiting, running, paused; `fate`: where it ends."""

    entry: Entry
    effect: EffectEntry
    go_on: asyncio.Event
    state: str = "waiting"
    plan: str = "ok"
    fate: str = ""

    @property
    def payout_id(self) -> str:
        """Whose it is; "" for a registry's."""
        found: str = msgspec.json.decode(self.effect.body).get("payout_id", "")
        return found

    def dies(self, where: str) -> None:
        """Raises `Killed` if that is where it ends, once."""
        if where and self.fate == where:
            raise Killed(where)


_TURN: ContextVar[Turn] = ContextVar("turn")


class MortalSubmitter(Submitter):
    """Dies or pauses around what the executor hands in."""

    def __init__(self, inner: Submitter, executor: "PacedExecutor") -> None:
        self._inner = inner
        self._executor = executor

    async def __call__(self, request: Request, wait_s: float = 0) -> Ticket:
        """Submit, with the accidents of this turn."""
        turn, kind = _TURN.get(), request.operation.kind
        turn.dies({"payout.submit": "before_claim", "payout.observe": "after_answer"}.get(kind, ""))
        ticket = await self._inner(request, wait_s)
        if kind == "payout.submit":
            turn.dies("after_claim")
            await self._executor.pause(turn)
        if kind == "payout.observe":
            turn.dies("after_report")
        return ticket


class PacedExecutor:
    """The registry's handlers and the real worker; nothing runs before `release`."""

    def __init__(self, platform: Platform, provider: Any, base_url: str, clock: Clock) -> None:
        self._platform = platform
        self._provider = provider
        self._base_url = base_url
        config = SuperPayConfig(
            base_url=base_url, api_key="k", signing_secret=SIGNING, timeout_s=_PATIENCE_S
        )
        self.client = SuperPayClient(config, clock)
        tools: dict[type[Any], Any] = {
            Submitter: MortalSubmitter(platform.submitter, self),
            AsyncEngine: platform.engine,
            SuperPayClient: self.client,
        }
        self._effects = Effects(EFFECTS, tools, platform.database_url)
        self._redis = create_client(platform.redis_url, connections=8)
        self._worker = EffectWorker(
            self._redis,
            name="paced",
            partition_count=platform.settings.partitions,
            handle=self._handle,
            give_up=self._effects.give_up,
        )
        self._running: asyncio.Task[None] | None = None
        self._arrived: dict[str, int] = {}
        self.turns: list[Turn] = []

    def start(self) -> None:
        """Read effects."""
        self._running = asyncio.create_task(self._worker.run(), name="executor")

    async def stop(self) -> None:
        """Stop; what has not had its turn is dropped."""
        self._worker.stop.set()
        for task in list(self._worker._running.values()):
            task.cancel()
        if self._running is not None:
            await self._running
        await self.client.close()
        await self._redis.aclose()

    def in_state(self, state: str) -> list[Turn]:
        """Turns of a state, in the order their effects were first seen."""
        found = [t for t in self.turns if t.state == state]
        return sorted(found, key=lambda t: self._arrived[t.effect.id])

    def release(self, turn: Turn, plan: str, fate: str = "") -> None:
        """Its turn: `plan` is what becomes of its request, `fate` what becomes of the executor."""
        turn.state, turn.plan, turn.fate = "running", plan, fate
        self._aim(turn)
        turn.go_on.set()

    def resume(self, turn: Turn) -> None:
        """A paused one goes on, perhaps much later."""
        turn.state = "running"
        self._aim(turn)
        turn.go_on.set()

    async def pause(self, turn: Turn) -> None:
        """Stop between claiming and sending, if it is its fate."""
        if turn.fate == PAUSES:
            turn.state = PAUSES
            turn.go_on.clear()
            await turn.go_on.wait()

    def _aim(self, turn: Turn) -> None:
        """One effect goes out at a time, so what the client and the provider do next is its own."""
        self._provider.plan = turn.plan
        is_futile = turn.plan in {"silent", "lost"}
        self.client._http.timeout = _IMPATIENCE_S if is_futile else _PATIENCE_S
        self.client._http.base_url = _NOWHERE if turn.plan == UNREACHABLE else self._base_url

    async def _handle(self, entry: Entry) -> None:
        effect = msgspec.json.decode(entry.payload, type=EffectEntry)
        self._arrived.setdefault(effect.id, len(self._arrived))
        turn = Turn(entry, effect, asyncio.Event())
        _TURN.set(turn)
        self.turns.append(turn)
        try:
            await turn.go_on.wait()
            await self._effects.handle(entry)
        finally:
            self.turns.remove(turn)
