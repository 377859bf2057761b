"""The simulator's state in SQLite: one writer, short transactions, survives a killed process.

Calls are synchronous on purpose: each takes tens of microseconds, and because they run on the event
loop without an await, requests of one merchant_id are served one after the other.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from payments_tools.simulator.faults import Faults, from_json, to_json
from payments_tools.simulator.messages import MERCHANT_ID_MAX, Transaction, moment

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS transactions (
    merchant_id INTEGER PRIMARY KEY, transaction_id TEXT NOT NULL UNIQUE, document BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS history (
    merchant_id INTEGER NOT NULL, version INTEGER NOT NULL, day TEXT NOT NULL,
    document BLOB NOT NULL, PRIMARY KEY (merchant_id, version));
CREATE INDEX IF NOT EXISTS history_day ON history (day);
-- The key is the guard: no merchant_id is ever paid, returned or received twice.
CREATE TABLE IF NOT EXISTS money (
    merchant_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('paid', 'returned', 'received')),
    minor INTEGER NOT NULL, currency TEXT NOT NULL, wallet_id TEXT,
    PRIMARY KEY (merchant_id, kind));
CREATE TABLE IF NOT EXISTS seen (
    merchant_id INTEGER PRIMARY KEY, requests INTEGER NOT NULL DEFAULT 0,
    queries INTEGER NOT NULL DEFAULT 0, faults TEXT);
CREATE TABLE IF NOT EXISTS planted (
    id INTEGER PRIMARY KEY AUTOINCREMENT, faults TEXT NOT NULL, remaining INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS timers (
    id INTEGER PRIMARY KEY AUTOINCREMENT, merchant_id INTEGER NOT NULL, action TEXT NOT NULL,
    due REAL NOT NULL, minor INTEGER, currency TEXT);
CREATE TABLE IF NOT EXISTS callbacks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE,
    merchant_id INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL,
    state TEXT NOT NULL, due REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, copies_left INTEGER NOT NULL, forged INTEGER NOT NULL,
    last_answer TEXT);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (state, due);
CREATE TABLE IF NOT EXISTS breaks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, kind TEXT NOT NULL,
    merchant_id INTEGER NOT NULL);
"""
_TABLES: Final = (
    "transactions", "history", "money", "seen", "planted", "timers", "callbacks", "breaks",
)  # fmt: skip


class Timer(msgspec.Struct, frozen=True):
    """A scheduled change of a transaction; `minor` and `currency`: what the payer pays."""

    id: int
    merchant_id: int
    action: str
    minor: int | None
    currency: str | None


class Seen(msgspec.Struct, frozen=True):
    """Request counters and misbehaviours of a merchant_id."""

    requests: int
    queries: int
    faults: Faults


class Store:
    """All statements of the simulator except those for callbacks, which `callbacks.py` owns."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(
            data_dir / "superpay-simulator.sqlite3", isolation_level=None, check_same_thread=False
        )
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA busy_timeout = 5000")
        self.connection.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction; nested calls join the outer one."""
        if self.connection.in_transaction:
            yield
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def reset(self) -> None:
        """Forget everything."""
        with self.write():
            for table in _TABLES:
                self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names

    # Transactions and money

    def find(self, merchant_id: int) -> Transaction | None:
        """The transaction with this merchant_id."""
        if not 0 < merchant_id <= MERCHANT_ID_MAX:  # SQLite raises on what it cannot hold
            return None
        return self._one("SELECT document FROM transactions WHERE merchant_id = ?", merchant_id)

    def find_by_transaction_id(self, transaction_id: str) -> Transaction | None:
        """The transaction with SuperPay's own id."""
        return self._one(
            "SELECT document FROM transactions WHERE transaction_id = ?", transaction_id
        )

    def transactions(self) -> list[Transaction]:
        """All of them, greatest merchant_id first."""
        rows = self.connection.execute(
            "SELECT document FROM transactions ORDER BY merchant_id DESC"
        )
        return [_decode(row[0]) for row in rows]

    def save(self, transaction: Transaction) -> None:
        """The new state, and a line of history for its version."""
        order, document = transaction.order, msgspec.json.encode(transaction)
        self.connection.execute(
            "INSERT INTO transactions VALUES (?, ?, ?)"
            " ON CONFLICT (merchant_id) DO UPDATE SET document = excluded.document",
            (order.merchant_id, transaction.transaction_id, document),
        )
        day = (moment(transaction.updated_at) or "")[:10]
        self.connection.execute(
            "INSERT INTO history VALUES (?, ?, ?, ?)",
            (order.merchant_id, transaction.version, day, document),
        )

    def history_of_day(self, day: str) -> list[Transaction]:
        """Every state a transaction took on that UTC day, oldest first."""
        rows = self.connection.execute(
            "SELECT document FROM history WHERE day = ? ORDER BY rowid", (day,)
        )
        return [_decode(row[0]) for row in rows]

    def move_money(self, transaction: Transaction, kind: str, minor: int, currency: str) -> None:
        """Count money as paid, returned or received; a second time is an IntegrityError."""
        order = transaction.order
        self.connection.execute(
            "INSERT INTO money VALUES (?, ?, ?, ?, ?)",
            (order.merchant_id, kind, minor, currency, order.wallet_id),
        )

    def money(self) -> list[dict[str, object]]:
        """Every movement of money there was."""
        return [dict(row) for row in self.connection.execute("SELECT * FROM money ORDER BY rowid")]

    # What was asked of a merchant_id

    def seen(self, merchant_id: int) -> Seen:
        """The counters and misbehaviours of a merchant_id."""
        row = self.connection.execute(
            "SELECT requests, queries, faults FROM seen WHERE merchant_id = ?", (merchant_id,)
        ).fetchone()
        if row is None:
            return Seen(0, 0, {})
        return Seen(
            row["requests"], row["queries"], from_json(msgspec.json.decode(row["faults"] or "{}"))
        )

    def note_request(self, merchant_id: int, asked: Faults) -> Seen:
        """Count a POST; the first one fixes the misbehaviours, asked for and planted."""
        with self.write():
            before = self.seen(merchant_id)
            if before.requests == 0:
                self.set_faults(merchant_id, {**self._take_planted(), **asked, **before.faults})
            self._count(merchant_id, "requests")
            return self.seen(merchant_id)

    def note_query(self, merchant_id: int) -> Seen:
        """Count a status query of a known transaction."""
        with self.write():
            self._count(merchant_id, "queries")
            return self.seen(merchant_id)

    def set_faults(self, merchant_id: int, faults: Faults) -> None:
        """Replace the misbehaviours of a merchant_id."""
        self.connection.execute(
            "INSERT INTO seen (merchant_id, faults) VALUES (?, ?)"
            " ON CONFLICT (merchant_id) DO UPDATE SET faults = excluded.faults",
            (merchant_id, msgspec.json.encode(to_json(faults)).decode()),
        )

    def plant(self, faults: Faults, count: int) -> None:
        """Misbehaviours for the next `count` new merchant_ids."""
        text = msgspec.json.encode(to_json(faults)).decode()
        self.connection.execute(
            "INSERT INTO planted (faults, remaining) VALUES (?, ?)", (text, count)
        )

    def forget_planted(self) -> None:
        """Drop planted misbehaviours that no transaction has taken yet."""
        self.connection.execute("DELETE FROM planted")

    def _take_planted(self) -> Faults:
        row = self.connection.execute("SELECT * FROM planted ORDER BY id LIMIT 1").fetchone()
        if row is None:
            return {}
        self.connection.execute(
            "UPDATE planted SET remaining = remaining - 1 WHERE id = ?", (row["id"],)
        )
        self.connection.execute("DELETE FROM planted WHERE remaining <= 0")
        return from_json(msgspec.json.decode(row["faults"]))

    def _count(self, merchant_id: int, column: str) -> None:
        self.connection.execute(
            f"INSERT INTO seen (merchant_id, {column}) VALUES (?, 1)"  # noqa: S608 - our own names
            f" ON CONFLICT (merchant_id) DO UPDATE SET {column} = {column} + 1",
            (merchant_id,),
        )

    # Timers

    def set_timer(
        self, merchant_id: int, action: str, due: float, paid: tuple[int, str] | None = None
    ) -> None:
        """Schedule `action` at `due` (Unix seconds)."""
        minor, currency = paid or (None, None)
        self.connection.execute(
            "INSERT INTO timers (merchant_id, action, due, minor, currency) VALUES (?, ?, ?, ?, ?)",
            (merchant_id, action, due, minor, currency),
        )

    def due_timers(self, now: float) -> list[Timer]:
        """Due timers in order. The caller removes each in the transaction of its change."""
        rows = self.connection.execute(
            "SELECT id, merchant_id, action, minor, currency FROM timers WHERE due <= ?"
            " ORDER BY due, id",
            (now,),
        )
        return [Timer(*row) for row in rows.fetchall()]

    def remove_timer(self, timer_id: int) -> None:
        """The timer has fired."""
        self.connection.execute("DELETE FROM timers WHERE id = ?", (timer_id,))

    def next_timer(self) -> float | None:
        """When the next timer is due."""
        due: float | None = self.connection.execute("SELECT min(due) FROM timers").fetchone()[0]
        return due

    # Registry breaks

    def plant_break(self, day: str, kind: str, merchant_id: int) -> None:
        """Plant an error in that day's registry."""
        self.connection.execute(
            "INSERT INTO breaks (day, kind, merchant_id) VALUES (?, ?, ?)", (day, kind, merchant_id)
        )

    def breaks_of_day(self, day: str) -> list[tuple[str, int]]:
        """(kind, merchant_id) of each planted error, in the order of planting."""
        rows = self.connection.execute(
            "SELECT kind, merchant_id FROM breaks WHERE day = ? ORDER BY id", (day,)
        )
        return [(row[0], row[1]) for row in rows]

    def forget_breaks(self) -> None:
        """Remove the planted errors."""
        self.connection.execute("DELETE FROM breaks")

    def _one(self, statement: str, key: object) -> Transaction | None:
        row = self.connection.execute(statement, (key,)).fetchone()
        return None if row is None else _decode(row[0])


def _decode(document: bytes) -> Transaction:
    return msgspec.json.decode(document, type=Transaction)
