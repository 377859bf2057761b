"""The native API's other shapes: n legs, overdraft, freezing one way, reversals by force, bulks."""

from collections import deque
from typing import Any, Final

from payments.kernel.ids import AccountId, derived_id
from payments.ledger.chart import wallet
from payments.operations.atomic import hashed_ids
from payments_tools.torture.drivers.driver import CURRENCY, Surface, amount
from payments_tools.torture.drivers.wallets import opened
from payments_tools.torture.journal import Call, Document, Moves, Standing

_WALLETS: Final = 10
_MONEY_MINOR: Final = 1_000_00
_LIMIT: Final = "300.00"
_ACCOUNT: Final = "account:torture"
_WAIT_S: Final = 20
_LEGS_MAX: Final = 6
_ITEMS_MAX: Final = 5


class Shapes(Surface):
    """A client that uses all of it at once, on a few wallets with little money."""

    name = "shapes"
    weight = 5

    async def prepare(self) -> None:
        """Open and fund the wallets; every second one may go below zero, as may the account."""
        self.wallets = await opened(self, _WALLETS, _MONEY_MINOR)
        self._done: deque[tuple[str, Moves]] = deque()
        body = {"name": "torture", "currency": CURRENCY, "allow_negative": True}
        account = self.keyed("account", "/v1/accounts", body, wait_s=_WAIT_S)
        await self.tools.sender.settle(account)
        headers = {"Authorization": f"Bearer {self.tools.api_key}"}
        for number in self.wallets[::2]:
            path, limit = f"/v1/wallets/{number}", {"overdraft_limit": _LIMIT}
            answer = await self.tools.http.patch(path, json=limit, headers=headers)
            answer.raise_for_status()

    def next(self) -> Call:
        """Every shape has its share."""
        draw = self.rng.random()
        if draw < 0.1 and self._done:  # noqa: PLR2004 - a share of the load
            return self._reversal(*self._done.popleft())
        if draw < 0.2:  # noqa: PLR2004 - a share of the load
            return self._freeze()
        if draw < 0.4:  # noqa: PLR2004 - a share of the load
            return self._bulk()
        if draw < 0.6:  # noqa: PLR2004 - a share of the load
            return self._atomic()
        return self._transaction()

    def _transaction(self) -> Call:
        ends: list[str] = [f"wallet:{number}" for number in self.wallets] + [_ACCOUNT]
        postings: list[dict[str, Any]] = []
        moves: list[tuple[AccountId, int]] = []
        for n in range(self.rng.randint(1, _LEGS_MAX)):
            source, destination = self.rng.sample(ends, 2)
            minor = self.rng.randint(1, 20) * 100 + n  # no two postings are the same
            postings.append(
                {
                    "source": source,
                    "destination": destination,
                    "amount": amount(minor),
                    "currency": CURRENCY,
                }
            )
            moves += _of_wallets((source, -minor), (destination, minor))

        def note(_call: Call, document: Document) -> None:
            self._done.append((document["transaction_id"], tuple(moves)))

        body = {"postings": postings, "reference": self.name}
        call = self.keyed("transaction", "/v1/transactions", body, moves=tuple(moves), then=note)
        call.payer = None  # any of several may be the one that is short
        return call

    def _reversal(self, transaction_id: str, moves: Moves) -> Call:
        path = f"/v1/transactions/{transaction_id}/reverse"
        body = {"reason": "torture", "force": self.rng.random() < 0.5}  # noqa: PLR2004 - half
        back = tuple((account, -minor) for account, minor in moves)
        call = self.keyed("reverse", path, body, moves=back)
        call.payer = None
        return call

    def _freeze(self) -> Call:
        number = self.rng.choice(self.wallets[:3])
        if self.rng.random() < 0.6:  # noqa: PLR2004 - they are open more often than not
            return self.keyed("unfreeze", f"/v1/wallets/{number}/unfreeze", {})
        body = {"direction": self.rng.choice(("both", "debits", "credits")), "reason": "torture"}
        return self.keyed("freeze", f"/v1/wallets/{number}/freeze", body)

    def _items(self) -> list[tuple[dict[str, Any], Moves]]:
        items: list[tuple[dict[str, Any], Moves]] = []
        for _ in range(self.rng.randint(2, _ITEMS_MAX)):
            source, destination = self.rng.sample(self.wallets, 2)
            minor = self.rng.randint(1, 50_00)
            body = {
                "kind": "transfer",
                "source_wallet_id": source,
                "destination_wallet_id": destination,
                "amount": amount(minor),
                "currency": CURRENCY,
            }
            items.append((body, ((wallet(source), -minor), (wallet(destination), minor))))
        return items

    def _atomic(self) -> Call:
        items = self._items()
        body = {"operations": [one for one, _ in items], "atomic": True}
        moves = tuple(move for _, moved in items for move in moved)
        call = self.keyed("atomic", "/v1/operations/bulk", body, moves=moves)
        call.payer = None
        if call.operation_id is not None:
            call.parts = tuple(hashed_ids(call.operation_id, len(items)))
        return call

    def _bulk(self) -> Call:
        """Each item is an operation of its own, under its place in the bulk."""
        items = self._items()
        calls: list[Call] = []

        def note(_call: Call, document: Document) -> None:
            for call, item in zip(calls, document["items"], strict=True):
                if item["status"] == "applied":
                    call.told = item
                if item["status"] in {"applied", "rejected"}:
                    call.standing = Standing(item["status"])

        whole = self.keyed(
            "bulk", "/v1/operations/bulk", {"operations": [one for one, _ in items]}, then=note
        )
        for n, (_, moves) in enumerate(items):
            place = f"{whole.key}\x1f{n}"
            call = self.call(
                "item",
                whole.path,
                b"",
                key=place,
                headers={},
                operation_id=derived_id("bulk", f"client:{self.tools.client}", place),
                moves=moves,
            )
            # It is in when the bulk is; whoever must repeat the bulk repeats it.
            call.standing = Standing.ACCEPTED
            calls.append(call)
        return whole


def _of_wallets(*moves: tuple[str, int]) -> list[tuple[AccountId, int]]:
    """What a posting does to wallets; house accounts are ours."""
    return [
        (wallet(int(end.removeprefix("wallet:"))), minor) for end, minor in moves if end != _ACCOUNT
    ]
