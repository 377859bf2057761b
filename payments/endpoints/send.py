"""Sending one delivery: one connection, no redirects, 15 s in all, 1 KiB of the answer."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from payments.endpoints.destination import (
    BadAddress,
    Policy,
    Resolve,
    address_of,
    place_of,
    resolve,
)
from payments.kernel.clock import monotonic_s

TIMEOUT_S: Final = 15.0
ANSWER_MAX: Final = 1024
GONE: Final = 410


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt; `status_code` None: no answer, `error` says why."""

    status_code: int | None
    error: str | None
    answer: str
    duration_ms: int

    @property
    def is_success(self) -> bool:
        """2xx, and nothing else."""
        return self.status_code is not None and self.status_code // 100 == 2  # noqa: PLR2004

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing more."""
        return self.status_code == GONE


class Sender:
    """Posts bodies; every delivery has a connection of its own, to an address that was checked."""

    def __init__(
        self, policy: Policy, look_up: Resolve = resolve, *, trust: ssl.SSLContext | None = None
    ) -> None:
        """`trust`: whose certificates are believed; the system's when None."""
        self._policy, self._look_up = policy, look_up
        self._trust = trust or ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: str) -> Sent:
        """Post it. Whatever goes wrong out there is a result, never an error."""
        began = monotonic_s()
        status: int | None = None
        error: str | None = None
        answer = b""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, answer = await self._post(url, headers, body)
        except TimeoutError:
            error = f"no answer within {TIMEOUT_S:.0f} s"
        except BadAddress as bad:
            error = str(bad)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as trouble:
            error = (str(trouble) or type(trouble).__name__)[:300]
        text = answer.decode("utf-8", "replace").replace("\0", "\ufffd")
        duration_ms = int((monotonic_s() - began) * 1000)
        return Sent(status_code=status, error=error, answer=text, duration_ms=duration_ms)

    async def _post(self, url: str, headers: Mapping[str, str], body: str) -> tuple[int, bytes]:
        place = place_of(url, self._policy)
        address = await address_of(place, self._policy, self._look_up)
        host = f"[{address}]" if ":" in address else address
        async with httpx.AsyncClient(
            verify=self._trust,
            trust_env=False,
            follow_redirects=False,
            http2=False,
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_keepalive_connections=0),
        ) as http:
            request = http.build_request(
                "POST",
                f"{place.scheme}://{host}:{place.port}{place.target}",
                content=body.encode(),
                headers={
                    **headers,
                    "Host": place.netloc,
                    "Content-Type": "application/json",
                    "User-Agent": "payments-webhooks/1",
                    "Accept-Encoding": "identity",
                },
                extensions={"sni_hostname": place.host},
            )
            response = await http.send(request, stream=True)
            try:
                return response.status_code, await _beginning(response)
            finally:
                await response.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    """The first 1 KiB; the rest is not read."""
    found = b""
    async for piece in response.aiter_raw(ANSWER_MAX):
        found += piece
        if len(found) >= ANSWER_MAX:
            break
    return found[:ANSWER_MAX]
