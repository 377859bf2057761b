"""The real engine on a real database, as the ledger's model addresses it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from payments.accounts import open as open_account
from payments.holds import capture, release
from payments.holds import create as create_hold
from payments.kernel.clock import rfc3339, utc_now
from payments.kernel.database import Connection
from payments.kernel.ids import OperationId, new_id
from payments.kernel.sql import load_sql
from payments.ledger import balances
from payments.ledger.chart import named, wallet
from payments.operations import atomic, bulk
from payments.operations.apply import Applier
from payments.operations.envelope import Intent, encode, seal
from payments.registry import OPERATIONS
from payments.transactions import create as create_transaction
from payments.transactions import reverse as reverse_transaction
from payments.transfers import create as create_transfer
from payments.transfers import reverse
from payments.wallets import adjust, change, close, freeze
from payments.wallets import open as open_wallet
from streams.entry import Entry

CURRENCIES = ["RUB", "RUB", "RUB", "USD", "USD", "RUB"]
"""Of each wallet. Transfers and holds are asked in roubles, transactions in both."""
OPENINGS = [100, 100, 100, 100, 100, 0]
HOUSES = {"till": False, "loans": True}
"""House accounts in roubles, numbered after the wallets, and whether they may go below zero."""
PAST_DAYS = 10
"""So many days ago the balance by effective time is compared."""


class System:
    """The real engine on a real database, addressed as the model is, by wallet and step number."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.applier = Applier(OPERATIONS, utc_now)
        self.wallets: list[int] = []
        self.ids: list[UUID] = []

    def entry(self, kind: str, intent: Intent, id_: UUID) -> Entry:
        return Entry(
            -1, "0-0", encode(seal(OperationId(id_), kind, "model", intent, utc_now(), ""))
        )

    async def prepare(self) -> None:
        opens = [
            self.entry("wallet.open", open_wallet.OpenWallet(currency=c, owner="m"), new_id())
            for c in CURRENCIES
        ]
        answers = await self.applier.apply(self.connection, opens)
        self.wallets = [
            msgspec.json.decode(a.decision.result)["wallet_id"] for a in answers if a.decision
        ]
        money = [
            adjust.AdjustWallet(wallet_id=w, minor=m, currency=c, is_credit=True, reason="m")
            for w, c, m in zip(self.wallets, CURRENCIES, OPENINGS, strict=True)
            if m
        ]
        self.names = {name: f"{name}-{new_id().hex[:12]}" for name in HOUSES}
        houses = [
            open_account.OpenAccount(
                name=self.names[name], currency="RUB", allow_negative=may_go_below
            )
            for name, may_go_below in HOUSES.items()
        ]
        await self.applier.apply(
            self.connection, [self.entry("account.open", h, new_id()) for h in houses]
        )
        await self.applier.apply(
            self.connection, [self.entry("wallet.adjust", c, new_id()) for c in money]
        )

    def intent(self, name: str, a: dict[str, Any]) -> tuple[str, Intent]:
        make = {
            "transfer": self._transfer,
            "transaction": self._transaction,
            "undo": self._undo,
            "group": self._group,
            "bulk": self._bulk,
            "close": self._close,
            "hold": self._hold,
            "capture": self._capture,
            "release": self._release,
            "reverse": self._reverse,
            "freeze": self._freeze,
            "limit": self._limit,
        }
        return make[name](a)

    def _transfer(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_transfer.OPERATION.kind, create_transfer.CreateTransfer(
            source_wallet_id=self.wallets[a["source"]],
            destination_wallet_id=self.wallets[a["destination"]],
            minor=a["amount"],
            currency="RUB",
        )

    def _transaction(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_transaction.OPERATION.kind, create_transaction.CreateTransaction(
            postings=tuple(
                create_transaction.Posting(
                    source=self.address(one["source"]),
                    destination=self.address(one["destination"]),
                    minor=one["amount"],
                    currency=one["currency"],
                )
                for one in a["postings"]
            ),
            effective_at=None
            if a["days"] is None
            else rfc3339(utc_now() - timedelta(days=a["days"])),
        )

    def address(self, number: int) -> str:
        """Of a wallet, or of a house account."""
        if number < len(self.wallets):
            return f"wallet:{self.wallets[number]}"
        return f"account:{self.names[list(HOUSES)[number - len(self.wallets)]]}"

    def _bulk(self, a: dict[str, Any]) -> tuple[str, Intent]:
        intents = [self.intent(name, arguments) for name, arguments in a["parts"]]
        return bulk.KIND, bulk.AcceptBulk(
            parts=tuple(
                bulk.BulkPart(index=n, kind=kind, intent=msgspec.Raw(msgspec.json.encode(intent)))
                for n, (kind, intent) in enumerate(intents)
            )
        )

    def _close(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return close.OPERATION.kind, close.CloseWallet(wallet_id=self.wallets[a["wallet"]])

    def _undo(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return reverse_transaction.OPERATION.kind, reverse_transaction.ReverseTransaction(
            transaction_id=self.id_of(a["transaction"]), is_forced=a["is_forced"]
        )

    def _group(self, a: dict[str, Any]) -> tuple[str, Intent]:
        intents = [self.intent(name, arguments) for name, arguments in a["parts"]]
        return atomic.KIND, atomic.ApplyAll(
            parts=tuple(
                atomic.AtomicPart(kind=kind, intent=msgspec.Raw(msgspec.json.encode(intent)))
                for kind, intent in intents
            )
        )

    def _hold(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return create_hold.OPERATION.kind, create_hold.CreateHold(
            wallet_id=self.wallets[a["wallet"]], minor=a["amount"], currency="RUB"
        )

    def _capture(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return capture.OPERATION.kind, capture.CaptureHold(
            hold_id=self.id_of(a["hold"]),
            destination_wallet_id=self.wallets[a["destination"]],
            minor=a["amount"],
            is_final=a["is_final"],
        )

    def _release(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return release.OPERATION.kind, release.ReleaseHold(hold_id=self.id_of(a["hold"]))

    def _reverse(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return reverse.OPERATION.kind, reverse.ReverseTransfer(
            transfer_id=self.id_of(a["transfer"]), minor=a["amount"]
        )

    def _freeze(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return freeze.OPERATION.kind, freeze.FreezeWallet(
            wallet_id=self.wallets[a["wallet"]],
            is_frozen=a["direction"] is not None,
            direction=a["direction"] or "both",
        )

    def _limit(self, a: dict[str, Any]) -> tuple[str, Intent]:
        return change.OPERATION.kind, change.ChangeWallet(
            wallet_id=self.wallets[a["wallet"]], overdraft_minor=a["amount"]
        )

    def id_of(self, step: int) -> UUID:
        return self.ids[step] if step < len(self.ids) else UUID(int=step)

    async def state(self) -> list[tuple[int, int]]:
        rows = await self.connection.fetch(
            "SELECT credits_posted - debits_posted, debits_pending FROM accounts "
            "WHERE id = ANY($1) ORDER BY array_position($1, id)",
            self.account_ids(),
        )
        return [(row[0], row[1]) for row in rows]

    def account_ids(self) -> list[int]:
        """Of wallets and house accounts, in their order."""
        houses = [named(name, "RUB").id for name in self.names.values()]
        return [*(wallet(id_) for id_ in self.wallets), *houses]

    async def effective(self) -> list[int]:
        """Balances by effective time, of a day in the past."""
        at = utc_now() - timedelta(days=PAST_DAYS, hours=12)
        query = load_sql(balances.__file__, "effective_balance_at")
        ids = self.account_ids()
        return [await self.connection.fetchval(query, id_, at) or 0 for id_ in ids]
