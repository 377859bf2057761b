"""Many concurrent clients, each sending one call after another, some calls several times."""

import asyncio
from collections.abc import Sequence
from typing import Final

from payments.kernel.clock import monotonic_s
from payments.kernel.randomness import Seeded, seeded
from payments_tools.torture.drivers.driver import Driver
from payments_tools.torture.journal import Journal
from payments_tools.torture.sender import Sender, repeat

CLIENTS: Final = 24
_HASTY: Final = 0.02
"""Part of the clients' first attempts that hang up before there can be an answer."""
_AT_ONCE: Final = 0.03
"""Part of the calls sent as several copies at the same time."""
_COPIES_MAX: Final = 6
_AGAIN: Final = 0.08
"""Part of the calls sent again after their answer."""
_FINISHING: Final = 16
_FINISH_LIMIT_S: Final = 60.0


class Load:
    """The clients."""

    def __init__(
        self, drivers: Sequence[Driver], sender: Sender, journal: Journal, seed: int
    ) -> None:
        """`drivers` are prepared."""
        self._drivers = drivers
        self._weights = [driver.weight for driver in drivers]
        self._sender = sender
        self._journal = journal
        self._seed = seed
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Let the clients want things."""
        self._tasks = [
            asyncio.create_task(self._client(seeded(self._seed, "client", n)), name=f"client-{n}")
            for n in range(CLIENTS)
        ]

    async def stop(self) -> list[str]:
        """Everyone ends after the request under way; returns what clients raised, in words."""
        self._sender.stop.set()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        return [f"a client ended with {error!r}" for error in ended if error is not None]

    async def finish(self) -> None:
        """Repeat the calls of unknown fate until their response is clear, after all repairs."""
        until = monotonic_s() + _FINISH_LIMIT_S
        while (calls := self._journal.open_calls()) and monotonic_s() < until:
            for start in range(0, len(calls), _FINISHING):
                await asyncio.gather(
                    *(self._sender.once(c) for c in calls[start : start + _FINISHING])
                )
            if self._journal.open_calls():
                await asyncio.sleep(0.2)

    async def _client(self, rng: Seeded) -> None:
        while not self._sender.stop.is_set():
            (driver,) = rng.choices(self._drivers, self._weights)
            call = driver.next()
            if rng.random() < _AT_ONCE:
                await repeat(self._sender, call, rng, _COPIES_MAX)
            await self._sender.send(call, is_hasty=rng.random() < _HASTY)
            if rng.random() < _AGAIN:
                await repeat(self._sender, call, rng, 1)
