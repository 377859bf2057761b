"""The bank's marketplace: request a payment, read the payer's mail, confirm, refund."""

import re
from collections import deque
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa

from payments.kernel.ids import derived_id
from payments.ledger.chart import Kind, account_id
from payments_tools.demo.bank import API_KEY
from payments_tools.torture.drivers.driver import Surface
from payments_tools.torture.journal import Call, Document, Moves

_CODE: Final = re.compile(r"Confirmation code: ([0-9]{6})")
_PERCENT: Final = {(1, 2): (5, 50_00), (2, 1): (2, 100_00)}
"""The seed's tariffs: percent, and the least fee. Prices are multiples of 100: fees are exact."""
_TURNS_MAX: Final = 50
_WAITING_MAX: Final = 40


class _Payment(msgspec.Struct):
    payment_id: UUID
    operation_key: str
    customer: str
    seller: str
    minor: int
    turns: int = 0


class Marketplace(Surface):
    """A marketplace whose customers read their mail."""

    name = "marketplace"
    weight = 2

    async def prepare(self) -> None:
        """The seed's banks; numbers of their accounts as the ledger knows them."""
        await self.tools.stage.command("seed", "bank")
        async with self.tools.engine.connect() as connection:
            rows = await connection.execute(
                sa.text("SELECT number, id, bank_id FROM bank_accounts")
            )
            self.accounts = {number: (local, bank) for number, local, bank in rows}
            found = await connection.execute(sa.text("SELECT id FROM marketplaces"))
            self._actor = f"marketplace:{found.scalar_one()}"
        self._mail = Path(self.tools.stage.env["PAYMENTS_DATA_DIR"]) / "mail"
        self._waiting: deque[_Payment] = deque()
        self._paid: deque[_Payment] = deque()

    def next(self) -> Call:
        """The next step of the oldest payment, otherwise a new payment."""
        ready = self._with_code()
        if ready is not None:
            return self._confirm(*ready)
        if self._paid and self.rng.random() < 0.3:  # noqa: PLR2004 - a share of the payments
            return self._refund(self._paid.popleft())
        return self._pay()

    def _with_code(self) -> tuple[_Payment, str] | None:
        if not self._waiting:
            return None
        payment = self._waiting.popleft()
        for file in self._mail.glob(f"{payment.payment_id}-*.eml"):
            found = _CODE.search(file.read_text())
            if found is not None:
                return payment, found[1]
        payment.turns += 1
        if payment.turns < _TURNS_MAX or len(self._waiting) < _WAITING_MAX:
            self._waiting.append(payment)
        return None

    def _pay(self) -> Call:
        customer, seller = self.rng.sample(sorted(self.accounts), 2)
        minor = self.rng.randint(1, 5) * 100_00
        body = {
            "number_invoice_customer": customer,
            "number_invoice_seller": seller,
            "price": str(minor // 100),
        }

        def note(call: Call, document: Document) -> None:
            assert call.operation_id is not None, "it was derived from the key"
            key = str(document["operation_key"])
            self._waiting.append(_Payment(call.operation_id, key, customer, seller, minor))

        return self._call("pay", body, then=note)

    def _confirm(self, payment: _Payment, code: str) -> Call:
        body = {"operation_key": payment.operation_key, "code": code}

        def note(_call: Call, _document: Document) -> None:
            self._paid.append(payment)

        return self._call("confirm", body, self._moves(payment), then=note)

    def _refund(self, payment: _Payment) -> Call:
        moves = tuple((account, -minor) for account, minor in self._moves(payment))
        return self._call("refund", {"operation_keys": [payment.operation_key]}, moves)

    def _moves(self, payment: _Payment) -> Moves:
        (customer, bank), (seller, other) = (
            self.accounts[n] for n in (payment.customer, payment.seller)
        )
        percent, least = _PERCENT.get((bank, other), (0, 0))
        fee = min(payment.minor, max(least, payment.minor * percent // 100))
        return (
            (account_id(Kind.BANK_ACCOUNT, customer), -payment.minor),
            (account_id(Kind.BANK_ACCOUNT, seller), payment.minor - fee),
        )

    def _call(self, kind: str, body: dict[str, Any], moves: Moves = (), then: Any = None) -> Call:
        key = self.key()
        return self.call(
            kind,
            f"/bank/{kind}",
            {"api_key": API_KEY, **body},
            key=key,
            headers={"Idempotency-Key": key},
            operation_id=derived_id("key", self._actor, key),
            moves=moves,
            then=then,
        )
