"""Register, activate, log in."""

from http import HTTPStatus
from typing import Final

from litestar import get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.body import read_body
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import InvalidBody
from payments.surfaces.shop.answers import Activated, LoggedIn, Registered
from payments.surfaces.shop.bodies import CredentialsBody
from payments.surfaces.shop.config import ShopConfig
from payments.surfaces.shop.tokens import AccessTokens
from payments.users import writes
from payments.users.login import check_credentials, login_key
from payments.users.passwords import Passwords
from payments.users.writes import Attempts

BEARER: Final = "Bearer"


@post(
    "/shop/auth/register",
    access=Access(PUBLIC, body=CredentialsBody, answers={201: Registered}),
)
async def register(request: HttpRequest) -> Reply:
    """Make a user, not active until the link in the answer is opened."""
    body = await read_body(request, CredentialsBody)
    config = service(request, ShopConfig)
    _check_new(body, config.password_min)
    await service(request, Attempts).registration(address_of(request))
    hashed = await service(request, Passwords).hash(body.password)
    new = writes.NewUser(login=body.login, password_hash=hashed)
    made = await writes.register(service(request, AsyncEngine), service(request, Time).now, new)
    link = f"{config.base_url.rstrip('/')}/shop/auth/activate/{made.token}"
    answer = Registered(
        user_id=made.user_id, login=body.login, is_active=False, activation_link=link
    )
    return json_reply(answer, HTTPStatus.CREATED)


@get("/shop/auth/activate/{token:str}", access=Access(PUBLIC, answers={200: Activated}))
async def activate(request: HttpRequest, token: FromPath[str]) -> Reply:
    """Make a user active, once, with the token of its activation link."""
    engine, now = service(request, AsyncEngine), service(request, Time).now
    user_id = await writes.activate(engine, now, token)
    return json_reply(Activated(user_id=user_id, is_active=True))


@post("/shop/auth/login", access=Access(PUBLIC, body=CredentialsBody, answers={200: LoggedIn}))
async def login(request: HttpRequest) -> Reply:
    """An access token for a login and password."""
    body = await read_body(request, CredentialsBody)
    await service(request, Attempts).login(login_key(body.login), address_of(request))
    engine, passwords = service(request, AsyncEngine), service(request, Passwords)
    user = await check_credentials(engine, passwords, body.login, body.password)
    tokens = service(request, AccessTokens)
    token = tokens.issue(user.id, user.generation)
    return json_reply(LoggedIn(access_token=token, token_type=BEARER, expires_in=tokens.life_s))


def address_of(request: HttpRequest) -> str:
    """Where the request comes from, as the server sees it: only a trusted proxy's word counts."""
    client = request.scope["client"]
    return client[0] if client else "local"


def _check_new(body: CredentialsBody, password_min: int) -> None:
    if body.login != body.login.strip() or not body.login.isprintable():
        message = "a login has visible characters only, and no space at its ends"
        raise InvalidBody(errors=[{"field": "login", "message": message}])
    if len(body.password) < password_min:
        message = f"a password has at least {password_min} characters"
        raise InvalidBody(errors=[{"field": "password", "message": message}])


HANDLERS: Final = (register, activate, login)
