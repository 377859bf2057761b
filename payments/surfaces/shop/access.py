"""Authentication of the shop; the user is looked up at each request, so disabling works at once."""

from typing import Final

import msgspec

from payments.http.auth import Actor, Scheme, actor_of, bearer_token
from payments.http.services import Connection, HttpRequest, service
from payments.kernel.errors import NotAuthenticated
from payments.surfaces.shop.config import Standings
from payments.surfaces.shop.tokens import AccessTokens

SHOP: Final = "shop"
"""Name of the scheme."""
ADMIN: Final = "shop:admin"
"""The scope of the shop's administrators."""


class ShopUser(msgspec.Struct, frozen=True):
    """The subject of an actor of the shop."""

    user_id: int


async def authenticate(connection: Connection) -> Actor:
    """The user of an access token. Raises `NotAuthenticated` for any invalid token."""
    token = bearer_token(connection)
    claims = service(connection, AccessTokens).read(token) if token else None
    if claims is None:
        raise NotAuthenticated("an access token is needed: Authorization: Bearer …")
    standing = await service(connection, Standings).find(claims.user_id)
    if standing is None or not standing.is_active or standing.generation != claims.generation:
        raise NotAuthenticated("this access token is not valid")
    scopes = frozenset({ADMIN}) if standing.is_admin else frozenset[str]()
    return Actor(f"shop:{claims.user_id}", scopes, ShopUser(claims.user_id))


def user_id_of(request: HttpRequest) -> int:
    """The id of the user who is calling."""
    subject = actor_of(request).subject
    assert isinstance(subject, ShopUser)
    return subject.user_id


SCHEME: Final = Scheme(
    authenticate,
    {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of POST /shop/auth/login.",
    },
)
