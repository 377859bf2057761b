"""A really running simulator, a client that signs and a receiver, all held to openapi.yaml."""

import asyncio
import itertools
import json
import re
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import uvicorn
from standardwebhooks.webhooks import Webhook

from payments_tools.simulator import SimulatorConfig, build_server
from tests.contracts.superpay_documents import check_documented, schema

KEY: Final = "sp_test_key"
REQUEST_SECRET: Final = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
CALLBACK_SECRET: Final = "whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="

T = TypeVar("T")
_NUMBERS = itertools.count(1)


_CALLBACK: Final = schema("#/components/schemas/Callback")


async def until(condition: Callable[[], Awaitable[T | None]], deadline_s: float = 10.0) -> T:
    """What `condition` gives once it is truthy; fails after the deadline."""
    ends = time.monotonic() + deadline_s
    while True:
        if result := await condition():
            return result
        assert time.monotonic() < ends, "the condition never came true"
        await asyncio.sleep(0.01)


async def until_true(condition: Callable[[], bool]) -> None:
    """Until something in this process comes true."""

    async def holds() -> bool:
        return condition()

    assert await until(holds)


class Received:
    """One callback as it arrived."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.at = datetime.now(UTC)
        self.headers = headers
        self.body = body
        self.event: dict[str, Any] = json.loads(body)
        self.id = headers["webhook-id"]
        self.type: str = self.event["type"]

    def genuine(self, secret: str = CALLBACK_SECRET) -> bool:
        """Whether the reference library accepts it."""
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:  # noqa: BLE001 - whatever it raises, it is a refusal
            return False
        return True


class Receiver:
    """Our side of the callbacks: keeps each, answers what `answers` says, then 200."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: deque[int] = deque()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        assert scope["type"] == "http"
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(headers, body))
        status = self.answers.popleft() if self.answers else 200
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def of(self, merchant_id: int) -> list[Received]:
        """Those of one transaction, in order of arrival."""
        return [one for one in self.received if one.event["data"]["merchant_id"] == merchant_id]

    def genuine_types(self, merchant_id: int) -> list[str]:
        """The types of those with a good signature."""
        return [one.type for one in self.of(merchant_id) if one.genuine()]

    def check_all(self) -> None:
        """Every callback has the documented shape."""
        for one in self.received:
            _CALLBACK.validate(one.event)
            assert re.fullmatch(
                r"v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)*", one.headers["webhook-signature"]
            )


class Sandbox:
    """The running simulator, seen through its wire."""

    def __init__(self, base: str, receiver: Receiver) -> None:
        self.base = base
        self.receiver = receiver
        self.http = httpx.AsyncClient(base_url=base, timeout=15, trust_env=False)
        self._ids = itertools.count(1_000_001)

    def new_id(self) -> int:
        """A merchant_id nobody has used."""
        return next(self._ids)

    async def call(
        self,
        method: str,
        target: str,
        body: str = "",
        *,
        documented: bool = True,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """A signed request; the answer must be the one openapi.yaml describes."""
        signed = signed_headers(method, target, body)
        signed.update(headers or {})
        answer = await self.http.request(
            method, target, content=body.encode() or None, headers=signed
        )
        if documented:
            check_documented(method, target, answer)
        return answer

    async def payout(
        self, merchant_id: int, description: str = "Payout", *, documented: bool = True, **over: Any
    ) -> httpx.Response:
        """`POST /api/payout`; amounts are given as JSON text."""
        return await self.call(
            "POST",
            "/api/payout",
            payout_body(merchant_id, description, **over),
            documented=documented,
        )

    async def deposit(
        self, merchant_id: int, description: str = "Deposit", **over: Any
    ) -> httpx.Response:
        """`POST /api/deposit`."""
        fields = {
            "redirect_success_url": "https://example.com/superpay?result=success",
            "redirect_failure_url": "https://example.com/superpay?result=failure",
            "locale": "en",
        }
        body = _body(merchant_id, description, {"currency": "RUB", **fields, **over})
        return await self.call("POST", "/api/deposit", body)

    async def status(self, merchant_id: int) -> dict[str, Any]:
        """The transaction as SuperPay shows it."""
        answer = await self.call("GET", f"/api/transactions/{merchant_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def reaches(self, merchant_id: int, status: str) -> dict[str, Any]:
        """The transaction, once it has this status."""

        async def there() -> dict[str, Any] | None:
            shown = await self.status(merchant_id)
            return shown if shown["status"] == status else None

        return await until(there)

    async def hears(self, merchant_id: int, kinds: Iterable[str]) -> list[Received]:
        """The callbacks of a transaction, once all these types have come."""
        wanted = set(kinds)
        await until_true(lambda: wanted <= set(self.receiver.genuine_types(merchant_id)))
        return self.receiver.of(merchant_id)

    async def sim(self, method: str, path: str, json_: Any = None) -> dict[str, Any]:
        """An admin call that succeeds."""
        answer = await self.http.request(method, f"/_sim/{path}", json=json_)
        assert answer.is_success, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def inside(self, merchant_id: int) -> dict[str, Any]:
        """All the simulator knows of a transaction."""
        return await self.sim("GET", f"transactions/{merchant_id}")

    async def movements(self, merchant_id: int) -> list[tuple[str, int, str]]:
        """The money that really moved: (kind, minor, currency)."""
        totals = await self.sim("GET", "totals")
        return [
            (one["kind"], one["minor"], one["currency"])
            for one in totals["movements"]
            if one["merchant_id"] == merchant_id
        ]


def payout_body(merchant_id: int, description: str = "Payout", **over: Any) -> str:
    """A payout request as JSON text; `amount` is put in as it stands."""
    return _body(merchant_id, description, {"currency": "RUB", "wallet_id": "W-1001", **over})


def _body(merchant_id: int, description: str, fields: dict[str, Any]) -> str:
    amount = fields.pop("amount", "22.34")
    rest = json.dumps({"description": description, "merchant_id": merchant_id, **fields})
    return f'{{"amount":{amount},{rest[1:]}'


def signed_headers(
    method: str, target: str, body: str, *, secret: str = REQUEST_SECRET, at: float | None = None
) -> dict[str, str]:
    """Headers of §3, made with the reference library and not with the simulator's code."""
    moment = datetime.fromtimestamp(int(time.time() if at is None else at), UTC)
    request_id = f"req_{next(_NUMBERS)}"
    return {
        "content-type": "application/json",
        "superpay-key": KEY,
        "superpay-request-id": request_id,
        "superpay-timestamp": str(int(moment.timestamp())),
        "superpay-signature": Webhook(secret).sign(
            request_id, moment, f"{method} {target}\n{body}"
        ),
    }


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """A uvicorn server for our side of the callbacks, on a free port."""
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None, access_log=False)
    async with _serving(uvicorn.Server(config)) as base:
        yield base


@asynccontextmanager
async def running(data_dir: Path, **over: Any) -> AsyncIterator[Sandbox]:
    """A simulator on a free port, fast, with a receiver for its callbacks."""
    receiver = Receiver()
    async with listening(receiver) as ours:
        settings: dict[str, Any] = {
            "data_dir": data_dir,
            "api_key": KEY,
            "request_secrets": (REQUEST_SECRET,),
            "callback_secrets": (CALLBACK_SECRET,),
            "callback_url": f"{ours}/v1/superpay/callbacks",
            "settle_after_s": 0.05,
            "callback_retry_s": (0.02,) * 5,
            **over,
        }
        server = build_server(SimulatorConfig(**settings), host="127.0.0.1", port=0)
        async with _serving(server) as base:
            sandbox = Sandbox(base, receiver)
            try:
                yield sandbox
            finally:
                await sandbox.http.aclose()
        receiver.check_all()


@asynccontextmanager
async def _serving(server: uvicorn.Server) -> AsyncIterator[str]:
    # asyncio sets TCP_NODELAY only on a socket that names its protocol; else 40 ms a request.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        await until_true(lambda: server.started or task.done())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
