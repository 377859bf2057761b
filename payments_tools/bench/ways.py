"""The kinds of requests that `payments bench http` measures."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

from payments_tools.bench.load import post

CONNECTIONS: Final = 64
_REQUESTS: Final = 4000
_BULKS: Final = 24
_NUMBER: Final = "@" * 14
"""Stands in an Idempotency-Key for the number that each request has of its own."""
_WAIT: Final = {"Prefer": "wait=10"}
_KEY: Final = {"Idempotency-Key": f"bench-{_NUMBER}"}
_BULK_CONNECTIONS: Final = {100: 64, 1000: 8}


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request to measure: in the figure's and in a narrow column's words.

    `operations`: how many each request holds. `mark`: what the load generator makes unique.
    """

    name: str
    short: str
    expected: int
    requests: list[bytes]
    connections: int = CONNECTIONS
    operations: int = 1
    mark: str = ""
    is_compared: bool = True


def transfer_ways(ids: Sequence[int], key: str) -> list[Way]:
    """Transfers: accepted, waited for, and waited for by a single client."""
    return [
        _single(ids, key, "202"),
        _single(ids, key, "waiting"),
        _single(ids, key, "waiting", connections=1),
    ]


def all_ways(ids: Sequence[int], key: str) -> list[Way]:
    """The same with keys and with other numbers of connections, and bulks."""
    singles = [
        _single(ids, key, short, connections=connections, is_keyed=is_keyed)
        for short, connections in (
            ("202", CONNECTIONS),
            ("waiting", 1),
            ("waiting", 16),
            ("waiting", CONNECTIONS),
            ("waiting", 256),
        )
        for is_keyed in (False, True)
    ]
    bulks = [
        _bulk(ids, key, size, is_atomic=is_atomic, is_keyed=is_keyed)
        for size in _BULK_CONNECTIONS
        for is_atomic, is_keyed in ((False, False), (False, True), (True, False))
    ]
    return [*singles, *bulks]


def _single(
    ids: Sequence[int],
    key: str,
    short: str,
    *,
    connections: int = CONNECTIONS,
    is_keyed: bool = False,
) -> Way:
    is_waiting = short == "waiting"
    headers = {**(_WAIT if is_waiting else {}), **(_KEY if is_keyed else {})}
    return Way(
        name=f"POST /v1/transfers{', waiting → 201' if is_waiting else ' → 202'}"
        f"{', with a key' * is_keyed}{f', {connections} at once' * (connections != CONNECTIONS)}",
        short=f"{short}{f' {connections}' * is_waiting}{' key' * is_keyed}",
        expected=201 if is_waiting else 202,
        requests=[
            post("/v1/transfers", b"{%b}" % body, Authorization=f"Bearer {key}", **headers)
            for body in islice(_transfers(ids), _REQUESTS)
        ],
        connections=connections,
        mark=_NUMBER if is_keyed else "",
        is_compared=connections == CONNECTIONS,
    )


def _bulk(ids: Sequence[int], key: str, size: int, *, is_atomic: bool, is_keyed: bool) -> Way:
    headers = {**_WAIT, **(_KEY if is_keyed else {})}
    bodies = _transfers(ids)
    requests = []
    for _ in range(_BULKS):
        items = b",".join([b'{"kind":"transfer",%b}' % body for body in islice(bodies, size)])
        body = b'{"operations":[%b],"atomic":%b}' % (items, b"true" if is_atomic else b"false")
        requests.append(post("/v1/operations/bulk", body, Authorization=f"Bearer {key}", **headers))
    return Way(
        name=f"bulk of {size:,}{', atomic' * is_atomic}, waiting → 200{', with a key' * is_keyed}",
        short=f"bulk {size}{' atomic' * is_atomic}{' key' * is_keyed}",
        expected=200,
        requests=requests,
        connections=_BULK_CONNECTIONS[size],
        operations=size,
        mark=_NUMBER if is_keyed else "",
    )


def _transfers(ids: Sequence[int]) -> Iterator[bytes]:
    """The members of endless transfers between different wallets."""
    n = 0
    while True:
        source, destination = ids[n % len(ids)], ids[(n * 7 + 1) % len(ids)]
        n += 1
        if source != destination:
            yield (
                b'"source_wallet_id":%d,"destination_wallet_id":%d,'
                b'"amount":"0.05","currency":"RUB"' % (source, destination)
            )
