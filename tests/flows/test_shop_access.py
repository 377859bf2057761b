"""Who may do what in the shop: tokens, other people's things, the administrator, limits."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import jwt
import pytest
from litestar import Litestar

from payments.entrypoints.api import create_app
from payments.http.auth import declared_routes
from payments.http.hot import methods_of
from payments.http.openapi import declared
from payments.kernel.clock import utc_now
from payments.surfaces.shop.access import ADMIN, SHOP
from payments.surfaces.shop.tokens import AccessTokens
from payments.users.passwords import Passwords
from payments.users.writes import Attempts, Limits, NewUser, activate, ensure_admin, register
from tests.fixtures.platform import Platform
from tests.fixtures.shop import SETTINGS, Client, Shop

OBJECTS: Final = {
    ("GET", "/shop/bills"),
    ("GET", "/shop/products"),
    ("GET", "/shop/transactions"),
    ("GET", "/shop/operations/{operation_id:str}"),
    ("POST", "/shop/products/{product_id:str}/purchase"),
    ("GET", "/shop/admin/users"),
    ("GET", "/shop/admin/users/{user_id:str}"),
    ("PATCH", "/shop/admin/users/{user_id:str}"),
    ("GET", "/shop/admin/users/{user_id:str}/bills"),
    ("GET", "/shop/admin/turned-away-webhooks"),
    ("GET", "/shop/admin/products"),
    ("POST", "/shop/admin/products"),
    ("GET", "/shop/admin/products/{product_id:str}"),
    ("PUT", "/shop/admin/products/{product_id:str}"),
    ("PATCH", "/shop/admin/products/{product_id:str}"),
    ("DELETE", "/shop/admin/products/{product_id:str}"),
}
"""Every route that asks for a token; the matrix below fails when one is missing here."""


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


def shop_routes(app: Litestar) -> dict[tuple[str, str], str | None]:
    """Routes that ask for a token, with the scope they want."""
    return {
        (method, path): declared(handler).scope
        for path, handler in declared_routes(app)
        if declared(handler).auth == SHOP
        for method in methods_of(handler)
    }


class Matrix:
    """Two users with a bill and a purchase each, asking for each other's things."""

    def __init__(self, shop: Shop, owner: Client, product_id: int, operation_id: str) -> None:
        self.shop = shop
        self.places = {
            "{operation_id:str}": operation_id,
            "{product_id:str}": str(product_id),
            "{user_id:str}": str(owner.user_id),
        }

    async def ask(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        """A request for the owner's thing, well formed, by whoever has these headers."""
        for place, value in self.places.items():
            path = path.replace(place, value)
        bodies: dict[str, Any] = {
            "purchase": {"bill_id": 5},
            "users": {"is_active": True},
            "products": {"title": "Tea", "price": 10},
        }
        words = [word for word in path.split("/") if not word.isdigit()]
        body = bodies.get(words[-1])
        if method in {"GET", "DELETE"}:
            return await self.shop.http.request(method, path, headers=headers)
        return await self.shop.http.request(method, path, headers=headers, json=body)


async def test_nobody_gets_at_what_is_anothers(shop: Shop) -> None:
    """Every object route: its owner, another user, the administrator, nobody."""
    routes = shop_routes(create_app(shop.platform.settings))
    assert set(routes) == OBJECTS
    owner, other, admin = await shop.user("mary"), await shop.user("john"), await shop.admin()
    product_id = await shop.product("10")
    await shop.topped_up(owner, 5, "100", 1)
    bought = await shop.buy(owner, product_id, 5)
    matrix = Matrix(shop, owner, product_id, bought.json()["operation_id"])
    foreign = {"/shop/operations/{operation_id:str}", "/shop/products/{product_id:str}/purchase"}
    for (method, path), scope in sorted(routes.items()):
        route = f"{method} {path}"
        nobody = await matrix.ask(method, path, {})
        assert nobody.status_code == 401, route
        assert nobody.headers["www-authenticate"] == "Bearer", route
        for client in (owner, other):
            answer = await matrix.ask(method, path, client.headers)
            if scope == ADMIN:
                assert (answer.status_code, "items" in answer.json()) == (403, False), route
            elif path in foreign and client is other:
                assert answer.status_code == 404, route
            else:
                assert answer.is_success, route
    assert (await shop.http.get("/shop/bills", headers=other.headers)).json()["items"] == []
    history = await shop.http.get("/shop/transactions?bill_id=5", headers=other.headers)
    assert history.json()["items"] == []
    for (method, path), scope in sorted(routes.items(), key=lambda r: r[0][0] == "DELETE"):
        if scope == ADMIN:
            assert (await matrix.ask(method, path, admin)).is_success, f"{method} {path}"
        elif path in foreign:
            assert (await matrix.ask(method, path, admin)).status_code == 404, path
    assert await shop.balances(owner) == {5: 80}


async def test_what_is_no_token_of_ours(shop: Shop) -> None:
    user = await shop.user("mary")
    secret = SETTINGS["jwt_secret"].reveal()
    good = jwt.decode(user.headers["Authorization"].split()[1], secret, ["HS256"], audience="shop")
    assert set(good) == {"iss", "aud", "sub", "iat", "exp", "jti", "gen"}

    def signed(
        algorithm: str = "HS256", key: str = secret, without: str = "", **claims: Any
    ) -> str:
        given = {**good, **claims}
        return jwt.encode({k: v for k, v in given.items() if k != without}, key, algorithm)

    past = int((datetime.now(UTC) - timedelta(hours=1)).timestamp())
    tokens = [
        "x",
        "a.b.c",
        "." * 5000,
        signed("none", key=""),
        signed("HS512", key=secret * 2),
        signed(key="another secret, of at least 32 bytes"),
        signed(exp=past),
        signed(iat=past + 7200 + 60),
        signed(iss="somebody"),
        signed(aud="another"),
        signed(sub="999999"),
        signed(sub="9" * 30),
        signed(sub="x"),
        signed(gen=1),
        signed(gen="0"),
        *(signed(without=claim) for claim in good),
    ]
    for token in tokens:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await shop.http.get("/shop/bills", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated"), token
    for given in ("", "Bearer", f"Basic {signed()}", signed()):
        answer = await shop.http.get("/shop/bills", headers={"Authorization": given})
        assert answer.status_code == 401
    headers = {"Authorization": f"bearer {signed()}"}
    assert (await shop.http.get("/shop/bills", headers=headers)).status_code == 200


async def test_an_activation_link_ends(platform: Platform) -> None:
    new = NewUser(login="mary", password_hash="-")
    made = await register(platform.engine, utc_now, new)
    assert made.token not in repr(made)
    stored = await platform.value("SELECT digest FROM activation_tokens")
    assert made.token.encode() not in stored
    with pytest.raises(Exception, match="expired"):
        await activate(platform.engine, lambda: utc_now() + timedelta(hours=25), made.token)
    assert await activate(platform.engine, utc_now, made.token) == made.user_id


async def test_disabling_ends_the_activation_link_too(shop: Shop) -> None:
    body = {"login": "mary", "password": "a password"}
    made = (await shop.http.post("/shop/auth/register", json=body)).json()
    path = f"/shop/admin/users/{made['user_id']}"
    answer = await shop.http.patch(path, json={"is_active": False}, headers=await shop.admin())
    assert answer.status_code == 200
    link = httpx.URL(made["activation_link"]).path
    assert (await shop.http.get(link)).status_code == 404


async def test_of_fifty_registrations_of_one_login_one_is_made(shop: Shop) -> None:
    body = {"login": "mary", "password": "a password"}
    answers = await asyncio.gather(
        *(shop.http.post("/shop/auth/register", json=body) for _ in range(50))
    )
    assert sorted(a.status_code for a in answers) == [201] + [409] * 49


@pytest.mark.parametrize(
    "body",
    [
        {"login": " mary", "password": "a password"},
        {"login": "ma\u200bry", "password": "a password"},
        {"login": "ma\nry", "password": "a password"},
        {"login": "", "password": "a password"},
        {"login": "m" * 101, "password": "a password"},
        {"login": "mary", "password": ""},
        {"login": "mary", "password": "7 chars"},
        {"login": "mary"},
        {"login": "mary", "password": 5},
        {"login": "mary", "password": "a password", "is_admin": True},
    ],
)
async def test_what_cannot_register(shop: Shop, body: dict[str, Any]) -> None:
    answer = await shop.http.post("/shop/auth/register", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")


async def test_an_administrator_is_made_once(platform: Platform) -> None:
    passwords, engine = Passwords(), platform.engine
    assert await ensure_admin(engine, utc_now, passwords, "boss", "first password")
    assert not await ensure_admin(engine, utc_now, passwords, "boss", "first password")
    assert await ensure_admin(engine, utc_now, passwords, "Boss", "second password")
    query = "SELECT count(*) FROM users WHERE is_admin AND is_active AND login_key = 'boss'"
    assert await platform.value(query) == 1
    # Somebody who holds the login already loses it, with all tokens.
    await register(engine, utc_now, NewUser(login="owner", password_hash="-"))
    assert await ensure_admin(engine, utc_now, passwords, "owner", "a password")
    query = "SELECT is_admin AND is_active AND generation = 1 FROM users WHERE login = 'owner'"
    assert await platform.value(query)


async def test_limits_count_across_processes(platform: Platform) -> None:
    """Two counters on one database, as two processes have: together they let ten through."""
    limits = Limits(
        logins_of_one_login=10, logins_of_one_address=25, registrations_of_one_address=3
    )
    now = datetime(2026, 1, 1, 12, 0, 20, tzinfo=UTC)
    first, second = (Attempts(platform.engine, lambda: now, limits) for _ in range(2))

    async def tries(attempts: Attempts, login: str, address: str) -> str:
        try:
            await attempts.login(login, address)
        except Exception as error:  # noqa: BLE001 - which one is what is asked
            return f"{getattr(error, 'code', error)} {getattr(error, 'retry_after_s', '')}"
        return "in"

    both = [first, second] * 10
    found = await asyncio.gather(*(tries(a, "mary", "10.0.0.1") for a in both))
    assert sorted(found) == ["in"] * 10 + ["too_many_requests 40"] * 10
    # Twenty of that address are spent; other logins have five left, from anywhere in its /64.
    found = await asyncio.gather(*(tries(a, f"m{n}", "10.0.0.1") for n, a in enumerate(both)))
    assert found.count("in") == 5
    now += timedelta(minutes=20)
    assert await tries(first, "mary", "10.0.0.1") == "in"
    windows = await platform.value("SELECT count(DISTINCT started_at) FROM attempt_windows")
    assert windows == 1, "old windows are forgotten"


class TestLimits:
    """Over HTTP."""

    @pytest.fixture
    def settings_overrides(self) -> dict[str, Any]:
        """Small limits."""
        return {**SETTINGS, "shop_logins": 3, "shop_registrations_of_address": 2}

    async def test_too_many_are_told_when_to_come_again(self, shop: Shop) -> None:
        """429 with Retry-After."""
        body = {"login": "mary", "password": "wrong"}
        logins = [await shop.http.post("/shop/auth/login", json=body) for _ in range(8)]
        refused = next(a for a in logins if a.status_code == 429)
        assert refused.json()["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        names = [{"login": f"user{n}", "password": "a password"} for n in range(6)]
        made = [await shop.http.post("/shop/auth/register", json=n) for n in names]
        assert 429 in {a.status_code for a in made}


async def test_an_unknown_login_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done: one verification each, whoever it is for."""
    passwords = Passwords(at_once=1)
    stored = await passwords.hash("right")
    calls: list[str] = []
    verify = passwords._verify

    def noted(stored: str, password: str) -> bool:
        calls.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(passwords, "_verify", noted)
    assert await passwords.is_right(stored, "right")
    assert not await passwords.is_right(stored, "wrong")
    assert not await passwords.is_right(None, "right")
    costs = {call.rsplit("$", 2)[0] for call in calls}
    assert (len(calls), len(costs)) == (3, 1)


def test_a_token_says_nothing_of_its_secret() -> None:
    tokens = AccessTokens("a secret of the tests, of at least 32 bytes", utc_now, 60)
    assert "secret of" not in f"{tokens!r}"
    claims = tokens.read(tokens.issue(7, 3))
    assert claims is not None
    assert (claims.user_id, claims.generation) == (7, 3)
