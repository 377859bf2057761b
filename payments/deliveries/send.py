"""Sending one delivery: one connection, no redirects, a time limit, 1 KiB of the answer."""

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
    Resolver,
    address_of,
    place_of,
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


class _Answer(msgspec.Struct):
    """What has come of an answer so far: a status stands though the rest never comes."""

    status_code: int | None = None
    beginning: bytes = b""


class Sender:
    """Posts bodies; every delivery has a connection of its own, to an address that was checked."""

    def __init__(
        self,
        policy: Policy,
        look_up: Resolve | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`look_up`: the system's when None. `trust`: whose certificates are believed, likewise."""
        self._policy, self._look_up = policy, look_up or Resolver()
        self.timeout_s = timeout_s
        self._trust = trust or ssl.create_default_context()

    async def send(self, url: str, headers: Mapping[str, str], body: str) -> Sent:
        """Post it. Whatever goes wrong out there is a result, never an error."""
        began = monotonic_s()
        error: str | None = None
        answer = _Answer()
        try:
            async with asyncio.timeout(self.timeout_s):
                await self._post(url, headers, body, answer)
        except TimeoutError:
            error = f"no answer within {self.timeout_s:.0f} s"
        except BadAddress as bad:
            error = str(bad)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as trouble:
            error = (str(trouble) or type(trouble).__name__)[:300]
        if answer.status_code is not None:
            error = None
        return Sent(
            status_code=answer.status_code,
            error=error,
            answer=answer.beginning.decode("utf-8", "replace").replace("\0", "\ufffd"),
            duration_ms=int((monotonic_s() - began) * 1000),
        )

    async def _post(self, url: str, headers: Mapping[str, str], body: str, answer: _Answer) -> None:
        place = place_of(url, self._policy)
        address = await address_of(place, self._policy, self._look_up)
        host = f"[{address}]" if ":" in address else address
        async with httpx.AsyncClient(
            verify=self._trust,
            trust_env=False,
            follow_redirects=False,
            http2=False,
            timeout=self.timeout_s,
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
            answer.status_code = response.status_code
            try:
                async for piece in response.aiter_raw():
                    answer.beginning = (answer.beginning + piece)[:ANSWER_MAX]
                    if len(answer.beginning) >= ANSWER_MAX:
                        break
            finally:
                await response.aclose()
