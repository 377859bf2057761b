"""The rows that `payments bench partitions` fills tables with, its batches and its questions."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from payments.kernel.clock import utc_now
from payments.kernel.database import Connection
from payments.kernel.ids import derived_id, new_id
from payments.kernel.randomness import seeded
from payments.kernel.sql import load_sql
from payments.ledger import at_a_time
from payments.operations import loading

Reads = Mapping[str, tuple[str, Sequence[tuple[Any, ...]]]]
"""A name, a query on the product's own table, and the arguments of each time it is asked."""

_RESULT: Final = '{"transfer_id":"%s","source":"1000001","target":"1000002","amount":"12.30"}'
_NEXT_PAGE: Final = """
    SELECT * FROM entries WHERE account_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 20
"""
_KNOWN_IDS: Final = 10_000


class Rows(Protocol):
    """What a table is written and asked."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns of its rows."""

    def batch(self, size: int) -> list[Any]:
        """The next rows."""

    def reads(self, times: int) -> Reads:
        """Questions about what the fill wrote."""


async def fill_entries(connection: Connection, rows: int, accounts: int, began: datetime) -> None:
    """Entries in the order of time, every account in turn, over `began` until now."""
    await connection.execute("ALTER TABLE entries DROP CONSTRAINT entries_pkey")
    await connection.execute(_FILL_ENTRIES, rows, accounts, began, utc_now())
    await connection.execute("ALTER TABLE entries ADD PRIMARY KEY (account_id, seq)")
    await connection.execute(_FILL_ACCOUNTS, rows, accounts)
    await connection.execute("ANALYZE entries")


_FILL_ENTRIES: Final = """
    INSERT INTO entries
           (account_id, seq, amount, balance, recorded_at, operation_id, book, currency)
    SELECT 1000000 + (n::bigint * 7919) % $2::bigint, n / $2 + 1, 100, 100, $3::timestamptz
           + ($4::timestamptz - $3::timestamptz) * (n::float8 / $1), uuidv7(), 0, 643
      FROM generate_series(0, $1::int - 1) AS n
"""
_FILL_ACCOUNTS: Final = """
    INSERT INTO accounts (id, code, currency, guard, version, credits_posted)
    SELECT 1000000 + n, 'wallet:' || n, 'RUB', 1, $1 / $2, 1000000
      FROM generate_series(0, $2::int - 1) AS n
"""


class EntryRows:
    """New entries of random accounts, numbered on; the fill gave each account the same number."""

    columns: Final[Sequence[str]] = (
        "account_id", "seq", "amount", "balance", "recorded_at", "operation_id", "book", "currency",
    )  # fmt: skip

    def __init__(self, rows: int, accounts: int, began: datetime) -> None:
        self._rng = seeded("bench partitions")
        self._accounts = accounts
        self._each = rows // accounts
        self._began = began
        self._last: dict[int, int] = {}

    def batch(self, size: int) -> list[Any]:
        """One entry each of `size` random accounts."""
        now, rows = utc_now(), []
        for account in self._rng.sample(range(1_000_000, 1_000_000 + self._accounts), size):
            self._last[account] = self._last.get(account, self._each) + 1
            rows.append((account, self._last[account], 100, 100, now, new_id(), 0, 643))
        return rows

    def reads(self, times: int) -> Reads:
        """One entry, the newest page of an account, a page of old ones, the balance at a time."""
        accounts = self._rng.sample(range(1_000_000, 1_000_000 + self._accounts), times)
        seqs = [1 + self._rng.randrange(self._each) for _ in accounts]
        length_s = (utc_now() - self._began).total_seconds()
        moments = [
            self._began + timedelta(seconds=self._rng.randrange(int(length_s))) for _ in accounts
        ]
        return {
            "one entry by its key": (
                "SELECT * FROM entries WHERE account_id = $1 AND seq = $2",
                list(zip(accounts, seqs, strict=True)),
            ),
            "newest page of an account (20)": (
                "SELECT * FROM entries WHERE account_id = $1 ORDER BY seq DESC LIMIT 20",
                [(account,) for account in accounts],
            ),
            "next page (20)": (
                _NEXT_PAGE,
                [(account, self._each) for account in accounts],
            ),
            "balance at a time": (
                load_sql(at_a_time.__file__, "balance_at"),
                list(zip(accounts, moments, strict=True)),
            ),
        }


async def fill_operations(connection: Connection, rows: int) -> list[UUID]:
    """Operations by time, every second one with a derived id; returns ids of some of them."""
    await connection.execute("ALTER TABLE operations DROP CONSTRAINT operations_pkey")
    await connection.execute(_FILL_OPERATIONS, rows, _RESULT)
    await connection.execute("ALTER TABLE operations ADD PRIMARY KEY (id)")
    await connection.execute("ANALYZE operations")
    share = min(100.0, 100.0 * _KNOWN_IDS / rows)
    picked = await connection.fetch(_PICKED, share)
    return [row[0] for row in picked]


_FILL_OPERATIONS: Final = """
    INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at, decided_at)
    SELECT CASE WHEN n % 2 = 0 THEN uuidv7() ELSE gen_random_uuid() END, 'transfer.create',
           decode(md5(n::text) || md5(n::text), 'hex'), 'client:bench', 'applied',
           format($2, gen_random_uuid())::json, now(), now()
      FROM generate_series(1, $1::int) AS n
"""
_PICKED: Final = "SELECT id FROM operations TABLESAMPLE BERNOULLI ($1) LIMIT 10000"


class OperationRows:
    """New operations, half of them with derived ids, and questions about known and new ids."""

    columns: Final[Sequence[str]] = (
        "id", "kind", "digest", "actor", "status", "result", "accepted_at", "decided_at",
    )  # fmt: skip

    def __init__(self, ids: Sequence[UUID]) -> None:
        self._rng = seeded("bench partitions")
        self._ids = ids
        self._made = 0

    def batch(self, size: int) -> list[Any]:
        """Alternating kinds of id, as the fill."""
        now = utc_now()
        rest = "transfer.create", bytes(32), "client:bench", "applied"
        return [(self._new_id(), *rest, _RESULT % new_id(), now, now) for _ in range(size)]

    def _new_id(self) -> UUID:
        self._made += 1
        return derived_id("key", "bench", str(self._made)) if self._made % 2 else new_id()

    def reads(self, times: int) -> Reads:
        """One known id, and the look-up of a batch of ids nobody has used."""
        picked = self._rng.sample(self._ids, min(times, len(self._ids)))
        new = [[derived_id("key", "never", str(self._rng.randrange(2**60))) for _ in range(1000)]
               for _ in range(max(times // 10, 1))]  # fmt: skip
        query = load_sql(loading.__file__, "begin_batch")
        return {
            "one operation by its id": ("SELECT * FROM operations WHERE id = $1",
                                        [(one,) for one in picked]),
            "1,000 new ids, as a batch asks": (query, [(ids, None) for ids in new]),
        }  # fmt: skip
