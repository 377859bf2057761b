"""Sends a call until its response is clear, with the same bytes under the same key."""

import asyncio
from typing import Any, Final
from uuid import UUID

import httpx
import msgspec

from payments.kernel.clock import monotonic_s
from payments.kernel.ids import parse_id
from payments.kernel.randomness import Seeded
from payments.surfaces.native.answers import NOT_ACCEPTED
from payments_tools.torture.journal import CLEAR, Call, Journal, Standing

TIMEOUT_S: Final = 25.0
HASTY_S: Final = 0.01
"""A client that hangs up before the answer can be there."""
_RETRY_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
_UNCLEAR: Final = {401, 429}
"""Beside 5xx: the same call may be accepted later (a token of a clock that was off, a limit)."""
_LOST: Final = (httpx.HTTPError, OSError, AttributeError)
"""No answer. anyio raises AttributeError for a pooled connection whose transport uvloop closed."""


class Sender:
    """Sends for all clients of the run."""

    def __init__(self, http: httpx.AsyncClient, journal: Journal) -> None:
        """`http` knows the API's address."""
        self._http = http
        self._journal = journal
        self.stop = asyncio.Event()

    async def send(self, call: Call, *, is_hasty: bool = False) -> None:
        """Until the answer is more than `nobody knows`, or told to stop."""
        attempt = 0
        while not self.stop.is_set() or attempt == 0:
            await self.once(call, HASTY_S if is_hasty and attempt == 0 else TIMEOUT_S)
            if call.standing is not Standing.OPEN:
                return
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

    async def settle(self, call: Call, deadline_s: float = 30) -> None:
        """Until it is decided; for what the load stands on. Raises TimeoutError."""
        until = monotonic_s() + deadline_s
        while call.standing not in CLEAR:
            await self.once(call)
            if monotonic_s() > until:
                raise TimeoutError(f"{call.surface} {call.kind} was not decided: {call.answers}")
            if call.standing not in CLEAR:
                await asyncio.sleep(0.1)
        if call.standing is not Standing.APPLIED:
            raise ValueError(
                f"{call.surface} {call.kind} was {call.standing.value}: {call.answers}"
            )

    async def once(self, call: Call, timeout_s: float = TIMEOUT_S) -> None:
        """One request, and its answer into the journal."""
        try:
            answer = await self._http.post(
                call.path, content=call.body, headers=dict(call.headers), timeout=timeout_s
            )
        except _LOST:
            self._journal.note(call, 0, Standing.OPEN, None)
            return
        document = _document(answer)
        standing = standing_of(answer.status_code, document)
        if answer.status_code >= 500 and answer.status_code != 503:  # noqa: PLR2004 - HTTP
            self._journal.breach(call, f"answered {answer.status_code}: {answer.text[:200]}")
        was = call.standing
        self._journal.note(call, answer.status_code, standing, _operation_id(document))
        if call.standing is Standing.APPLIED and was is not Standing.APPLIED:
            call.told = document
            if call.then:
                call.then(call, document)


async def repeat(sender: Sender, call: Call, rng: Seeded, most: int) -> None:
    """Copies of a call, all at once: none may do anything."""
    await asyncio.gather(*(sender.once(call) for _ in range(rng.randint(1, most))))


def standing_of(status: int, document: dict[str, Any]) -> Standing:
    """What an answer says."""
    if status >= 500 or status in _UNCLEAR:  # noqa: PLR2004 - HTTP
        return Standing.OPEN
    if any(item["status"] == NOT_ACCEPTED for item in document.get("items", ())):
        return Standing.OPEN  # an item of a bulk is not in
    if status == 201 or (status == 200 and document.get("status") != "accepted"):  # noqa: PLR2004
        return Standing.APPLIED if document.get("status") != "duplicate" else Standing.ACCEPTED
    if status < 300:  # noqa: PLR2004 - HTTP
        return Standing.ACCEPTED
    return Standing.REJECTED if document.get("operation_id") else Standing.TURNED_AWAY


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _operation_id(document: dict[str, Any]) -> UUID | None:
    found = document.get("operation_id")
    return parse_id(found) if isinstance(found, str) else None
