"""A request that is cut off when the server stops gets an answer, not an empty connection."""

import asyncio
from typing import Any, cast

import httpx
import pytest

from payments.http.serving import EVERYWHERE, Outermost


@pytest.mark.case("P2")
async def test_a_request_that_is_cut_off_is_told_to_come_again() -> None:
    begun = asyncio.Event()

    async def never_ends(_scope: Any, _receive: Any, _send: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    tasks: list[asyncio.Task[None]] = []

    async def in_a_task(scope: Any, receive: Any, send: Any) -> None:
        """As uvicorn runs it: each request is a task that a stop cancels."""
        running = asyncio.create_task(Outermost(never_ends, EVERYWHERE)(scope, receive, send))
        tasks.append(running)
        await running

    transport = httpx.ASGITransport(app=cast("Any", in_a_task))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        asked = asyncio.create_task(http.post("/v1/transfers"))
        await begun.wait()
        tasks[0].cancel()
        answer = await asked
    assert (answer.status_code, answer.json()["code"]) == (503, "acceptance_unknown")
    assert answer.json()["retryable"] is True
    assert answer.headers["connection"] == "close"
