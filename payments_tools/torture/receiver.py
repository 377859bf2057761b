"""A receiver of outgoing webhooks that loses, refuses, delays and takes twice."""

import asyncio
import contextlib
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import msgspec
from standardwebhooks.webhooks import Webhook

from payments.kernel.randomness import Seeded
from payments_tools.torture.addresses import HOST

MISDEEDS: Final = ("loses", "refuses", "delays", "takes and refuses")
_MISDEED_SHARE: Final = 0.05
_DELAYS_S: Final = (2.5, 4.0)
"""Beyond the time limit of a run's deliveries."""
_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_BUSY: Final = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _Event(msgspec.Struct):
    id: str


class Receiver:
    """Counts how often each event came; `behaves` ends its misdeeds."""

    def __init__(self, rng: Seeded) -> None:
        """`rng` decides what becomes of a delivery."""
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._stopping = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        self.secret = ""
        self.url = ""
        self.behaves = False
        self.taken: Counter[str] = Counter()
        self.misdeeds: Counter[str] = Counter()
        self.forged: list[str] = []
        """Deliveries whose signature or id is wrong."""

    async def start(self) -> None:
        """Listen on a port of its own."""
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}/events"

    async def stop(self) -> None:
        """Listen no more; what is delayed is answered at once."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*self._open)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name="receiver")
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = (line.partition(": ") for line in head.split("\r\n")[1:])
                headers = {name.lower(): value for name, _, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                writer.write(await self._answer(headers, body))
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, headers: dict[str, str], body: bytes) -> bytes:
        is_misdeed = not self.behaves and self._rng.random() < _MISDEED_SHARE
        misdeed = self._rng.choice(MISDEEDS) if is_misdeed else ""
        if misdeed:
            self.misdeeds[misdeed] += 1
        if misdeed == "loses":
            return b""
        if misdeed == "refuses":
            return _BUSY
        self._take(headers, body)
        if misdeed == "delays":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._rng.uniform(*_DELAYS_S)):
                    await self._stopping.wait()
        return _BUSY if misdeed == "takes and refuses" else _OK

    def _take(self, headers: dict[str, str], body: bytes) -> None:
        """The time of the signature is not judged: a run moves the executor's clock."""
        id_ = msgspec.json.decode(body, type=_Event).id
        signed_at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        signature = Webhook(self.secret).sign(id_, signed_at, body.decode())
        if headers["webhook-id"] != id_ or signature not in headers["webhook-signature"].split():
            self.forged.append(f"event {id_} came with {headers['webhook-signature']}")
        self.taken[id_] += 1
