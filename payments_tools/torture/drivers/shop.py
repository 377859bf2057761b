"""The shop: a provider that tops bills up, users who buy."""

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from payments.bills.tables import bill_account
from payments.bills.topup import TopUpBill, request_of
from payments.entrypoints.child_environment import ADMIN_LOGIN
from payments.kernel.ids import derived_id
from payments_tools.torture.drivers.driver import CURRENCY, Surface
from payments_tools.torture.journal import Call

_USERS: Final = 4
_PRICES_MINOR: Final = (100, 2500, 70_00)
_PASSWORD: Final = "a password of the torture"  # noqa: S105 - of users that live as long as the run


@dataclass
class _User:
    user_id: int
    headers: dict[str, str]
    bills: list[int] = field(default_factory=list)


class Shop(Surface):
    """The provider and the users."""

    name = "shop"
    weight = 4

    async def prepare(self) -> None:
        """Register users, make products."""
        self._signing = self.tools.stage.env["PAYMENTS_SHOP_WEBHOOK_KEY"]
        admin = await self._login(ADMIN_LOGIN, self.tools.stage.env["PAYMENTS_ADMIN_PASSWORD"])
        self._products = [await self._product(admin, minor) for minor in _PRICES_MINOR]
        self._users = [await self._user(f"user-{n}") for n in range(_USERS)]
        self._transaction = self.tools.seed % 1_000_000 * 1_000_000

    def next(self) -> Call:
        """A top-up, or a purchase."""
        user = self.rng.choice(self._users)
        return self._purchase(user) if user.bills and self.rng.random() < 0.5 else self._topup(user)  # noqa: PLR2004

    def _topup(self, user: _User) -> Call:
        self._transaction += 1
        if not user.bills or self.rng.random() < 0.05:  # noqa: PLR2004 - a bill made by its first top-up
            user.bills.append(user.user_id * 10_000 + len(user.bills) + 1)
        bill, roubles = self.rng.choice(user.bills), self.rng.randint(1, 500)
        signed = f"{self._signing}:{self._transaction}:{user.user_id}:{bill}:{roubles}"
        body = {
            "signature": hashlib.sha1(signed.encode()).hexdigest(),  # noqa: S324 - the seed's rule
            "transaction_id": self._transaction,
            "user_id": user.user_id,
            "bill_id": bill,
            "amount": roubles,
        }
        minor = roubles * 100
        intent = TopUpBill(
            transaction_id=self._transaction,
            user_id=user.user_id,
            bill_id=bill,
            minor=minor,
            currency=CURRENCY,
        )
        return self.call(
            "top-up",
            "/payment/webhook",
            body,
            key=str(self._transaction),
            headers={},
            operation_id=request_of(intent).operation_id,
            moves=((bill_account(bill), minor),),
        )

    def _purchase(self, user: _User) -> Call:
        key, bill = self.key(), self.rng.choice(user.bills)
        product, minor = self.rng.choice(self._products)
        return self.call(
            "purchase",
            f"/shop/products/{product}/purchase",
            {"bill_id": bill},
            key=key,
            headers={**user.headers, "Idempotency-Key": key, "Prefer": "wait=3"},
            operation_id=derived_id("key", f"shop:{user.user_id}", key),
            moves=((bill_account(bill), -minor),),
            balances={"balance": bill_account(bill)},
        )

    async def _login(self, login: str, password: str) -> dict[str, str]:
        body = {"login": login, "password": password}
        token = (await self._post("/shop/auth/login", body, {}))["access_token"]
        return {"Authorization": f"Bearer {token}"}

    async def _user(self, login: str) -> _User:
        made = await self._post("/shop/auth/register", {"login": login, "password": _PASSWORD}, {})
        path = httpx.URL(made["activation_link"]).path
        (await self.tools.http.get(path)).raise_for_status()
        return _User(made["user_id"], await self._login(login, _PASSWORD))

    async def _product(self, admin: dict[str, str], minor: int) -> tuple[int, int]:
        body = {"title": "Tea", "description": "", "price": str(minor // 100)}
        return int((await self._post("/shop/admin/products", body, admin))["product_id"]), minor

    async def _post(
        self, path: str, body: dict[str, Any], headers: dict[str, str]
    ) -> dict[str, Any]:
        answer = await self.tools.http.post(path, json=body, headers=headers)
        document: dict[str, Any] = answer.raise_for_status().json()
        return document
