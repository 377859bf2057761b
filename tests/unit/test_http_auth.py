"""Default deny: every route of the application, with every method."""

import asyncio
from typing import Any

import pytest
from litestar import Router, get

from payments.apikeys.authenticate import FRESH_S, STALE_S, KeyAuthenticator
from payments.apikeys.token import Token, new_token, parse_token
from payments.apikeys.writes import StoredKey
from payments.http.access import Access
from payments.http.auth import API_KEY, PUBLIC, declared_routes
from payments.http.errors import is_database_away
from payments.http.openapi import declared
from payments.http.reply import Reply, json_reply
from payments.kernel.errors import NotAuthenticated, Unavailable
from tests.unit.http_app import NOW, Api

FILLED = {"{wallet_id:int}": "1", "{name:str}": "x"}
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


def filled(path: str) -> str:
    return "/".join(FILLED.get(p, "x") if p.startswith("{") else p for p in path.split("/"))


async def test_no_route_answers_a_stranger_unless_it_says_so() -> None:
    api = Api()
    del api.http.headers["Authorization"]
    public = {p for p, h in declared_routes(api.app) if declared(h).auth == PUBLIC}
    assert public == {
        *("/health/live", "/health/ready", "/metrics"),
        *("/schema", "/schema/openapi.json", "/schema/assets/{name:str}"),
    }
    for path in {route.path for route in api.app.routes}:
        for method in METHODS:
            answer = await api.http.request(method, filled(path))
            if path in public and method in {"GET", "HEAD"}:
                assert answer.status_code in {200, 404}, (method, path)
            else:
                assert answer.status_code in {401, 405}, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"
            if answer.status_code == 401:
                assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_scope_opens_only_what_it_names() -> None:
    api = Api()
    api.http.headers["Authorization"] = "Bearer reader"
    body = {"source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB"}
    answer = await api.http.post("/v1/transfers", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert answer.json()["scope"] == "transfers:write"
    item = {"operations": [{"kind": "transfer", **body}]}
    bulk = await api.http.post("/v1/operations/bulk", json=item)
    assert bulk.json()["items"][0]["reason"] == "insufficient_scope"
    assert api.door.envelopes == []


@pytest.mark.parametrize(
    "credentials", ["", "Bearer", "Bearer ", "Bearer nobody", "Basic all", "all", "Bearer \xff"]
)
async def test_bad_credentials_are_401(credentials: str) -> None:
    api = Api()
    headers = [(b"Authorization", credentials.encode("latin-1"))]
    answer = await api.http.get("/v1/wallets/1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@get("/forgotten")
async def forgotten() -> Reply:
    """A route without a declaration."""
    return json_reply({})


@get("/scopeless", access=Access(API_KEY))
async def scopeless() -> Reply:
    """A route that forgot its scope."""
    return json_reply({})


@get("/strange", access=Access("no-such-scheme"))
async def strange() -> Reply:
    """A route with a scheme nobody registered."""
    return json_reply({})


@get("/things/{wallet_id:int}", access=Access(API_KEY, "wallets:read"))
async def lax() -> Reply:
    """A route whose id Litestar would read, `+1` and all."""
    return json_reply({})


@get("/things/{thing_id:str}", access=Access(API_KEY, "wallets:read"))
async def unread() -> Reply:
    """A route with an id that no reader is known for."""
    return json_reply({})


@pytest.mark.parametrize("handler", [forgotten, scopeless, strange, lax, unread])
def test_an_application_with_an_undeclared_route_does_not_start(handler: Any) -> None:
    with pytest.raises(ValueError, match="declares no"):
        Api(Router("/", route_handlers=[handler]))


def stored(token: Token, **changes: Any) -> StoredKey:
    values: dict[str, Any] = {
        "id": token.id,
        "name": "n",
        "scopes": ("*",),
        "secret_hash": token.digest(),
        "created_at": NOW,
        "revoked_at": None,
        "actor": "client:n",
    }
    return StoredKey(**{**values, **changes})


class Asking:
    """A request with a header, a database that counts, and a clock."""

    def __init__(self, token: Token) -> None:
        self.token, self.key, self.asked, self.now_s = token, stored(token), 0, 0.0
        self.trouble: Exception | None = None
        self.authenticate = KeyAuthenticator(self.find, lambda: self.now_s)

    async def find(self, key_id: str) -> StoredKey | None:
        """The database, counting."""
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.key if key_id == self.key.id else None

    async def __call__(self, text: str | None = None) -> str:
        """The actor of a request with this key."""
        value = f"Bearer {text or self.token.text()}".encode()
        connection: Any = type(
            "Connection", (), {"scope": {"headers": [(b"authorization", value)]}}
        )
        return (await self.authenticate(connection)).name


async def test_a_key_is_looked_up_once_in_a_while() -> None:
    asking = Asking(new_token("development"))
    for _ in range(3):
        assert await asking() == "client:n"
    assert asking.asked == 1
    asking.now_s += FRESH_S + 0.1
    await asking()
    assert asking.asked == 2


async def test_requests_of_one_moment_share_a_look_up_of_their_key() -> None:
    asking = Asking(new_token("development"))
    assert await asyncio.gather(*(asking() for _ in range(64))) == ["client:n"] * 64
    assert asking.asked == 1
    asking.now_s += FRESH_S + 0.1
    first, *others = [asyncio.create_task(asking()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert await asyncio.gather(*others) == ["client:n"] * 2
    assert asking.asked == 2


async def test_a_failed_look_up_fails_for_all_of_its_moment_and_is_tried_again() -> None:
    asking = Asking(new_token("development"))
    asking.trouble = Unavailable()
    failed = await asyncio.gather(*(asking() for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in failed] == [Unavailable] * 3
    asking.trouble = None
    assert await asking() == "client:n"


async def test_a_revoked_key_stops_within_seconds() -> None:
    asking = Asking(new_token("development"))
    await asking()
    asking.key = stored(asking.token, revoked_at=NOW)
    asking.now_s += FRESH_S + 0.1
    with pytest.raises(NotAuthenticated):
        await asking()


async def test_another_secret_of_a_known_key_is_refused() -> None:
    asking = Asking(new_token("development"))
    await asking()
    other = Token(asking.token.env, asking.token.id, new_token("development").secret)
    with pytest.raises(NotAuthenticated):
        await asking(other.text())


async def test_known_keys_outlive_a_short_absence_of_the_database() -> None:
    asking = Asking(new_token("development"))
    await asking()
    asking.trouble = Unavailable()
    asking.now_s = STALE_S - 1
    await asking()
    asking.now_s = STALE_S + 1
    with pytest.raises(Unavailable):
        await asking()


@pytest.mark.parametrize("text", ["", "pk_", "pk_dev_x_y", "sk_dev_" + "a" * 12 + "_" + "b" * 43])
def test_what_is_no_key(text: str) -> None:
    assert parse_token(text) is None


def test_a_key_is_read_back_and_hides_its_secret() -> None:
    for profile in ("development", "production"):
        for _ in range(50):  # secrets hold `_` and `-` now and then
            token = new_token(profile)
            assert parse_token(token.text()) == token
            assert token.secret not in repr(token)
            assert token.secret.encode() not in token.digest()


def test_a_lost_session_is_not_the_requests_fault() -> None:
    wrapped = RuntimeError("x")
    wrapped.__cause__ = ConnectionResetError()
    assert is_database_away(wrapped)
    assert not is_database_away(ValueError())
