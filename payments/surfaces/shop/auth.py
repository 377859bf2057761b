"""Register, activate, log in."""

from http import HTTPStatus
from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.body import read_body
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.kernel.errors import InvalidBody
from payments.surfaces.shop.answers import Activated, LoggedIn, Registered
from payments.surfaces.shop.bodies import CredentialsBody, NewCredentialsBody
from payments.surfaces.shop.config import ShopConfig
from payments.surfaces.shop.tokens import AccessTokens
from payments.users import writes
from payments.users.login import check_credentials, check_password, login_key
from payments.users.passwords import Passwords
from payments.users.writes import Attempts

BEARER: Final = "Bearer"


@post(
    "/shop/auth/register",
    access=Access(PUBLIC, body=NewCredentialsBody, answers={201: Registered}),
)
async def register(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    attempts: NamedDependency[Attempts],
    passwords: NamedDependency[Passwords],
    clock: NamedDependency[Time],
    config: NamedDependency[ShopConfig],
) -> Reply:
    """Make a user, not active until the link in the answer is opened.

    A password has at least 8 characters. For a lost link: POST /shop/auth/activation-link.
    """
    body = await read_body(request, NewCredentialsBody)
    _check_login(body.login)
    await attempts.registration(address_of(request))
    hashed = await passwords.hash(body.password)
    new = writes.NewUser(login=body.login, password_hash=hashed)
    made = await writes.register(engine, clock.now, new)
    return _registered(made.user_id, body.login, made.token, config)


@post(
    "/shop/auth/activation-link",
    access=Access(PUBLIC, body=CredentialsBody, answers={201: Registered}),
)
async def renew_activation_link(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    passwords: NamedDependency[Passwords],
    attempts: NamedDependency[Attempts],
    clock: NamedDependency[Time],
    config: NamedDependency[ShopConfig],
) -> Reply:
    """Another activation link, for who knows the password; the one before ends.

    An unknown login and a wrong password both answer 401 `invalid_credentials`. A user who is
    active answers 409 `user_active`, one disabled by an administrator 403 `user_inactive`.
    """
    body = await read_body(request, CredentialsBody)
    await attempts.login(login_key(body.login), address_of(request))
    user = await check_password(engine, passwords, body.login, body.password)
    token = await writes.renew_activation(engine, clock.now, user)
    return _registered(user.id, user.login, token, config)


@get(
    "/shop/auth/activate/{token:str}",
    access=Access(PUBLIC, answers={200: Activated}, is_safe=False),
)
async def activate(
    token: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Activate a user with the token of its activation link, which works once.

    HEAD answers 405: programs that look at links in mails do not use the link up.
    """
    user_id = await writes.activate(engine, clock.now, token)
    return json_reply(Activated(user_id=user_id, is_active=True))


@post("/shop/auth/login", access=Access(PUBLIC, body=CredentialsBody, answers={200: LoggedIn}))
async def login(
    request: HttpRequest,
    tokens: NamedDependency[AccessTokens],
    engine: NamedDependency[AsyncEngine],
    passwords: NamedDependency[Passwords],
    attempts: NamedDependency[Attempts],
) -> Reply:
    """An access token for a login and password."""
    body = await read_body(request, CredentialsBody)
    await attempts.login(login_key(body.login), address_of(request))
    user = await check_credentials(engine, passwords, body.login, body.password)
    token = tokens.issue(user.id, user.generation)
    return json_reply(LoggedIn(access_token=token, token_type=BEARER, expires_in=tokens.life_s))


def address_of(request: HttpRequest) -> str:
    """The client's address; forwarded headers count only from a trusted proxy."""
    client = request.scope["client"]
    return client[0] if client else "local"


def _registered(user_id: int, login: str, token: str, config: ShopConfig) -> Reply:
    base_url = config.base_url.rstrip("/")
    link = f"{base_url}/shop/auth/activate/{token}"
    answer = Registered(user_id=user_id, login=login, is_active=False, activation_link=link)
    return json_reply(answer, HTTPStatus.CREATED)


def _check_login(login: str) -> None:
    if login != login.strip() or not login.isprintable():
        message = "a login has visible characters only, and no space at its ends"
        raise InvalidBody(errors=[{"field": "login", "message": message}])


HANDLERS: Final = (register, renew_activation_link, activate, login)
