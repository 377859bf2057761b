"""The wallet and transaction services: clients' wallets, deposits, transactions, by handshake."""

import asyncio
from typing import Any, Final

from payments.ledger.chart import wallet
from payments.surfaces.walletservice.handshake import Service, keyed_handshake
from payments_tools.torture.drivers.driver import Surface, amount
from payments_tools.torture.journal import Call, Moves

_ACTOR: Final = "walletservice"
_CLIENTS: Final = 8
_MONEY_MINOR: Final = 10_000_00
_FIRST_USER: Final = 1000
_PATIENCE_S: Final = 30


class WalletService(Surface):
    """Clients of the two services, none of whom needs a key in development."""

    name = "wallet service"
    weight = 4

    async def prepare(self) -> None:
        """Open the clients' wallets and learn their numbers."""
        self._next_user = _FIRST_USER
        opening = [self._open(_MONEY_MINOR) for _ in range(_CLIENTS)]
        await asyncio.gather(*(self.tools.sender.send(call) for call in opening))
        users = range(_FIRST_USER, self._next_user)
        self.wallets = {user: await self._number_of(user) for user in users}

    def next(self) -> Call:
        """Transactions, deposits, now and then a new client."""
        draw = self.rng.random()
        if draw < 0.5:  # noqa: PLR2004 - a share of the load
            return self._transaction()
        return self._deposit() if draw < 0.9 else self._open(self.rng.randint(1, 10_000))  # noqa: PLR2004

    async def _number_of(self, user: int) -> int:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                answer = await self.tools.http.get("/api/v1/wallet", params={"user_id": user})
                if answer.status_code == 200 and answer.json()["wallet_id"]:  # noqa: PLR2004 - HTTP
                    return int(answer.json()["wallet_id"])
                await asyncio.sleep(0.1)

    def _open(self, minor: int) -> Call:
        user, self._next_user = self._next_user, self._next_user + 1
        body = {"user_id": user, "amount": amount(minor), "currency": "USD"}
        return self._call("open", "/api/v1/wallet", body, opens_minor=minor)

    def _deposit(self) -> Call:
        user, minor = self.rng.choice(list(self.wallets)), self.rng.randint(1, 10_000)
        number = self.wallets[user]
        body = {"user_id": user, "wallet_id": number, "amount": amount(minor)}
        return self._call("deposit", "/api/v1/wallet/deposit", body, ((wallet(number), minor),))

    def _transaction(self) -> Call:
        user, other = self.rng.sample(list(self.wallets), 2)
        source, destination = self.wallets[user], self.wallets[other]
        minor = self.rng.randint(1, 10_000)
        body = {
            "user_id": user,
            "source_wallet_id": source,
            "dest_wallet_id": destination,
            "trans_sum": amount(minor),
        }
        moves = ((wallet(source), -minor), (wallet(destination), minor))
        return self._call("transaction", "/api/v1/transaction", body, moves)

    def _call(
        self,
        kind: str,
        path: str,
        body: dict[str, Any],
        moves: Moves = (),
        opens_minor: int | None = None,
    ) -> Call:
        key = self.key().replace(" ", "-")
        of = Service.TRANSACTION if kind == "transaction" else Service.WALLET
        return self.call(
            kind,
            path,
            body,
            key=key,
            headers={"Idempotency-Key": key},
            operation_id=keyed_handshake(of, body["user_id"], _ACTOR, key).operation_id,
            moves=moves,
            opens_minor=opens_minor,
        )
