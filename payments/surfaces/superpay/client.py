"""The HTTP client of SuperPay: signed requests, bounded answers, no redirects, no reused
connections.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from payments.kernel import tracing
from payments.kernel.clock import Clock
from payments.kernel.ids import new_secret
from payments.surfaces.superpay.bodies import request_body
from payments.surfaces.superpay.breaker import Breaker
from payments.surfaces.superpay.replies import Answer, of_failure, of_response
from payments.surfaces.superpay.signature import key_of, request_headers

BODY_MAX_BYTES: Final = 64 * 1024
REGISTRY_MAX_BYTES: Final = 256 * 1024 * 1024
_CONNECT_S: Final = 3.0
LOST: Final = (httpx.HTTPError, httpx.InvalidURL, TimeoutError, AttributeError)
"""No answer. anyio raises AttributeError when uvloop closed the connection a moment before."""


class SuperPayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """SuperPay's address and our credentials."""

    base_url: str
    api_key: str
    signing_secret: str
    timeout_s: float = 10.0

    def __repr__(self) -> str:
        return f"SuperPayConfig({self.base_url})"


class Page(msgspec.Struct, frozen=True):
    """An unparsed answer."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = {}


class TooLong(httpx.HTTPError):
    """The answer is longer than SuperPay ever sends."""


class SuperPayClient:
    """Implements the specification; `breaker` says whether calls make sense now."""

    def __init__(self, config: SuperPayConfig, clock: Clock) -> None:
        """Connects when used. Raises ValueError for an invalid secret."""
        self._config = config
        self._key = key_of(config.signing_secret)
        self._clock = clock
        self.breaker = Breaker(clock)
        # On a dead keep-alive connection it would be unknown whether the bytes arrived. A new
        # connection fails clearly.
        self._http = httpx.AsyncClient(
            base_url=config.base_url,
            timeout=httpx.Timeout(config.timeout_s, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def payout(self, merchant_id: int, order: Mapping[str, Any]) -> Answer:
        """`POST /api/payout`. `order`: minor, currency, superpay_wallet_id, description."""
        fields = {
            "description": order["description"] or f"Payout {merchant_id}",
            "wallet_id": order["superpay_wallet_id"],
            "merchant_id": merchant_id,
        }
        return await self._ask(
            "/api/payout", request_body(fields, order["minor"], order["currency"])
        )

    async def deposit(self, fields: Mapping[str, Any], minor: int, currency: str) -> Answer:
        """`POST /api/deposit`."""
        return await self._ask("/api/deposit", request_body(dict(fields), minor, currency))

    async def transaction(self, merchant_id: int) -> Answer:
        """`GET /api/transactions/{merchant_id}`."""
        return await self._ask(f"/api/transactions/{merchant_id}", None)

    async def wallet(self, wallet_id: str) -> Page:
        """`GET /api/wallets/{wallet_id}`: the unparsed answer. Raises one of `LOST`."""
        return await self._call(f"/api/wallets/{wallet_id}", None, limit=BODY_MAX_BYTES)

    async def registry(self, date: str) -> Page:
        """`GET /api/registry`: the unparsed answer. Raises httpx.HTTPError."""
        return await self._call(
            f"/api/registry?date={date}&format=json", None, limit=REGISTRY_MAX_BYTES
        )

    async def _ask(self, target: str, body: bytes | None) -> Answer:
        try:
            # httpx limits each read; a server that sends byte by byte must not block us for ever.
            async with asyncio.timeout(self._config.timeout_s + _CONNECT_S):
                page = await self._call(target, body, limit=BODY_MAX_BYTES)
            answer = of_response(page.status, page.media_type, page.body)
        except LOST as error:
            answer = of_failure(error)
        self.breaker.note(is_healthy=answer.is_healthy)
        return answer

    async def _call(self, target: str, body: bytes | None, *, limit: int) -> Page:
        headers = {
            "accept": "application/json",
            "superpay-key": self._config.api_key,
            **_trace(),
            **request_headers(
                self._key, new_secret(16), int(self._clock().timestamp()), target, body
            ),
        }
        if body is not None:
            headers["content-type"] = "application/json"
        method = "GET" if body is None else "POST"
        request = self._http.build_request(method, target, content=body, headers=headers)
        with tracing.span("superpay", method, kind="client", about={"url.path": target}):
            response = await self._http.send(request, stream=True)
            try:
                return Page(
                    response.status_code,
                    response.headers.get("content-type", ""),
                    await _bounded(response, limit),
                    dict(response.headers),
                )
            finally:
                await response.aclose()


def _trace() -> Mapping[str, str]:
    """SuperPay may pass it on to its callback; it is not part of what is signed."""
    traceparent = tracing.current()
    return {"traceparent": traceparent} if traceparent else {}


async def _bounded(response: httpx.Response, limit: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise TooLong("the answer is too long")
    return bytes(body)
