"""The clients: they send what the flows say, and wait as long as those say."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

import httpx

from payments_client import calls, flow
from payments_client.answers import Operation
from payments_client.call import WAIT_MAX_S, Call, Pages, Request

T = TypeVar("T")
P = ParamSpec("P")

CONNECT_TIMEOUT_S: Final = 5.0
MARGIN_S: Final = 10.0
"""How much longer than it waits an answer may take."""

_NOTHING_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_OURS: Final = (httpx.LocalProtocolError, httpx.UnsupportedProtocol)


def _sync(make: Callable[P, Call[T]]) -> Callable[Concatenate["Client", P], T]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.run(make(*args, **kwargs))

    method.__name__, method.__doc__ = make.__name__, make.__doc__
    return method


def _sync_pages(make: Callable[P, Pages[T]]) -> Callable[Concatenate["Client", P], Iterator[T]]:
    def method(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        return self.iterate(make(*args, **kwargs))

    method.__name__, method.__doc__ = make.__name__, make.__doc__
    return method


def _async(
    make: Callable[P, Call[T]],
) -> Callable[Concatenate["AsyncClient", P], Awaitable[T]]:
    def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]:
        return self.run(make(*args, **kwargs))

    method.__name__, method.__doc__ = make.__name__, make.__doc__
    return method


def _async_pages(
    make: Callable[P, Pages[T]],
) -> Callable[Concatenate["AsyncClient", P], AsyncIterator[T]]:
    def method(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        return self.iterate(make(*args, **kwargs))

    method.__name__, method.__doc__ = make.__name__, make.__doc__
    return method


def _settings(base_url: str, api_key: str) -> dict[str, Any]:
    timeout = httpx.Timeout(CONNECT_TIMEOUT_S, read=WAIT_MAX_S + MARGIN_S)
    headers = {"Authorization": f"Bearer {api_key}", "User-Agent": "payments-client"}
    return {"base_url": base_url, "headers": headers, "timeout": timeout}


def _request_of(http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    return http.build_request(
        request.method,
        request.path,
        params=dict(request.query),
        content=request.body,
        headers=dict(request.headers),
    )


def _reply_of(response: httpx.Response) -> flow.Reply:
    retry_after = response.headers.get("retry-after")
    return flow.Reply(response.status_code, response.content, retry_after)


def _lost(error: httpx.RequestError) -> flow.Lost:
    reason = f"{type(error).__name__}: {error}"
    return flow.Lost(reason, may_have_arrived=not isinstance(error, _NOTHING_SENT))


class Client:
    """The synchronous client. Use it as a context manager, or `close` it."""

    def __init__(self, base_url: str, api_key: str, *, wait_s: int = 10, retries: int = 8) -> None:
        """`wait_s`: how long a call waits for its decision; `retries`: after a lost answer."""
        self._http = httpx.Client(**_settings(base_url, api_key))
        self._policy = flow.Policy(retries=retries, wait_s=wait_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def run(self, call: Call[T]) -> T:
        """Make a call of `payments_client.calls`, or one of your own."""
        return self._drive(flow.of(call, self._policy))

    def iterate(self, pages: Pages[T]) -> Iterator[T]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self._drive(flow.page(pages, cursor, self._policy))
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def find_operation(self, idempotency_key: str) -> Operation | None:
        """The operation that a key of yours started; None when nothing was accepted under it."""
        return self._drive(flow.find(idempotency_key, self._policy))

    def _drive(self, steps: flow.Flow[T]) -> T:
        result: flow.Result = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                value: T = end.value
                return value
            result = self._do(step)

    def _do(self, step: flow.Step) -> flow.Result:
        if isinstance(step, flow.Pause):
            time.sleep(step.seconds)
            return None
        try:
            return _reply_of(self._http.send(_request_of(self._http, step.request)))
        except _OURS:
            raise
        except httpx.RequestError as error:
            return _lost(error)

    open_wallet = _sync(calls.open_wallet)
    wallet = _sync(calls.wallet)
    wallets = _sync_pages(calls.wallets)
    entries = _sync_pages(calls.entries)
    adjust = _sync(calls.adjust)
    transfer = _sync(calls.transfer)
    transfer_by_id = _sync(calls.transfer_by_id)
    reverse_transfer = _sync(calls.reverse_transfer)
    hold = _sync(calls.hold)
    hold_by_id = _sync(calls.hold_by_id)
    capture = _sync(calls.capture)
    release = _sync(calls.release)
    transact = _sync(calls.transact)
    transactions = _sync_pages(calls.transactions)
    payout = _sync(calls.payout)
    payout_to_payee = _sync(calls.payout_to_payee)
    payout_by_id = _sync(calls.payout_by_id)
    payouts = _sync_pages(calls.payouts)
    cancel_payout = _sync(calls.cancel_payout)
    save_payee = _sync(calls.save_payee)
    payee = _sync(calls.payee)
    payees = _sync_pages(calls.payees)
    delete_payee = _sync(calls.delete_payee)
    operation = _sync(calls.operation)
    events = _sync_pages(calls.events)


class AsyncClient:
    """The asynchronous client. Use it as a context manager, or `aclose` it."""

    def __init__(self, base_url: str, api_key: str, *, wait_s: int = 10, retries: int = 8) -> None:
        """`wait_s`: how long a call waits for its decision; `retries`: after a lost answer."""
        self._http = httpx.AsyncClient(**_settings(base_url, api_key))
        self._policy = flow.Policy(retries=retries, wait_s=wait_s)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the connections."""
        await self._http.aclose()

    async def run(self, call: Call[T]) -> T:
        """Make a call of `payments_client.calls`, or one of your own."""
        return await self._drive(flow.of(call, self._policy))

    async def iterate(self, pages: Pages[T]) -> AsyncIterator[T]:
        """Every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = await self._drive(flow.page(pages, cursor, self._policy))
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def find_operation(self, idempotency_key: str) -> Operation | None:
        """The operation that a key of yours started; None when nothing was accepted under it."""
        return await self._drive(flow.find(idempotency_key, self._policy))

    async def _drive(self, steps: flow.Flow[T]) -> T:
        result: flow.Result = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                value: T = end.value
                return value
            result = await self._do(step)

    async def _do(self, step: flow.Step) -> flow.Result:
        if isinstance(step, flow.Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return _reply_of(await self._http.send(_request_of(self._http, step.request)))
        except _OURS:
            raise
        except httpx.RequestError as error:
            return _lost(error)

    open_wallet = _async(calls.open_wallet)
    wallet = _async(calls.wallet)
    wallets = _async_pages(calls.wallets)
    entries = _async_pages(calls.entries)
    adjust = _async(calls.adjust)
    transfer = _async(calls.transfer)
    transfer_by_id = _async(calls.transfer_by_id)
    reverse_transfer = _async(calls.reverse_transfer)
    hold = _async(calls.hold)
    hold_by_id = _async(calls.hold_by_id)
    capture = _async(calls.capture)
    release = _async(calls.release)
    transact = _async(calls.transact)
    transactions = _async_pages(calls.transactions)
    payout = _async(calls.payout)
    payout_to_payee = _async(calls.payout_to_payee)
    payout_by_id = _async(calls.payout_by_id)
    payouts = _async_pages(calls.payouts)
    cancel_payout = _async(calls.cancel_payout)
    save_payee = _async(calls.save_payee)
    payee = _async(calls.payee)
    payees = _async_pages(calls.payees)
    delete_payee = _async(calls.delete_payee)
    operation = _async(calls.operation)
    events = _async_pages(calls.events)
