"""Who is calling: the operator of the session in the cookie, and what the role lets do."""

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.auth import Actor, Scheme, actor_of
from payments.http.services import Connection, HttpRequest, Time, header, service
from payments.kernel.errors import NotAllowed, NotAuthenticated
from payments.operators.action import Doer
from payments.operators.queries import Operator
from payments.operators.status import Role
from payments.operators.token import csrf_token
from payments.sessions.queries import Session, find_session
from payments.sessions.writes import note_seen
from payments.surfaces.console.config import ConsoleConfig

CONSOLE: Final = "console"
"""Name of the scheme."""
CODE: Final = "console:code"
"""To give the code of the second factor, and to log out."""
SELF: Final = "console:self"
"""To see and change one's own account."""
VIEW: Final = "console:view"
ACT: Final = "console:act"
ADMIN: Final = "console:admin"

SCOPES_OF_ROLE: Final = {
    Role.VIEWER.value: frozenset({CODE, SELF, VIEW}),
    Role.OPERATOR.value: frozenset({CODE, SELF, VIEW, ACT}),
    Role.ADMIN.value: frozenset({CODE, SELF, VIEW, ACT, ADMIN}),
}
_SAFE: Final = frozenset({"GET", "HEAD"})


class LoginNeeded(NotAuthenticated):
    """Log in to see this page."""

    code = "login_needed"


class ForgedRequest(NotAllowed):
    """This form is out of date or came from another site. Go back, reload the page, try again."""

    code = "forged_request"


class Seat(msgspec.Struct, frozen=True):
    """An operator in a browser: the session, its cookie, and the time of this request."""

    session: Session
    token: str
    address: str
    now: datetime

    def __repr__(self) -> str:
        return f"Seat({self.session.operator.login!r})"

    @property
    def operator(self) -> Operator:
        return self.session.operator

    @property
    def doer(self) -> Doer:
        """Who is recorded in the log of actions."""
        return Doer(self.operator.login, self.address)

    @property
    def csrf(self) -> str:
        return csrf_token(self.token)


def page_access(scope: str = VIEW, *, sees_accepted: bool | None = None) -> Access:
    """The declaration of a page or an action; none is in the OpenAPI document."""
    return Access(CONSOLE, scope, sees_accepted=sees_accepted, is_documented=False)


async def authenticate(connection: Connection) -> Actor:
    """The operator of the cookie. Raises `LoginNeeded`, and `ForgedRequest` for a post from
    another site.
    """
    config = service(connection, ConsoleConfig)
    token = connection.cookies.get(config.cookie)
    engine, now = service(connection, AsyncEngine), service(connection, Time).now()
    session = await find_session(engine, token, now) if token else None
    if token is None or session is None:
        raise LoginNeeded
    if connection.scope.get("method") not in _SAFE:
        check_origin(connection)
    await note_seen(engine, session, now)
    seat = Seat(session, token, address_of(connection), now)
    actor = Actor(f"operator:{session.operator.login}", _scopes(session), seat)
    connection.scope["user"] = actor  # a refusal for want of a scope is a page for this operator
    return actor


def _scopes(session: Session) -> frozenset[str]:
    operator = session.operator
    if not session.is_complete:
        return frozenset({CODE})
    if operator.must_use_second_factor and not operator.has_second_factor:
        return frozenset({CODE, SELF})
    return SCOPES_OF_ROLE[operator.role]


def check_origin(connection: Connection) -> None:
    """Raise `ForgedRequest` when the browser says that another site sent this."""
    site = header(connection, b"sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise ForgedRequest
    origin = header(connection, b"origin")
    if origin is not None and origin.partition("://")[2] != header(connection, b"host"):
        raise ForgedRequest


def seat_of(request: HttpRequest) -> Seat:
    """Who sits at the browser; only for routes of the console's scheme."""
    seat = actor_of(request).subject
    assert isinstance(seat, Seat)
    return seat


def may(request: HttpRequest, scope: str) -> bool:
    """True when the operator's role allows it; pages leave out what is not allowed."""
    return actor_of(request).may(scope)


def address_of(connection: Connection) -> str:
    """The client's address; forwarded headers count only from a trusted proxy."""
    client = connection.scope["client"]
    return client[0] if client else "local"


SCHEME: Final = Scheme(authenticate)
