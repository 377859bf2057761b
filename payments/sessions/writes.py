"""Sessions begin, are used and end; each login is recorded as an action."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operators.action import Action, Doer, Subject, record
from payments.operators.queries import Operator
from payments.operators.token import digest, new_token
from payments.sessions.queries import Session
from payments.sessions.tables import operator_sessions

LIFE: Final = timedelta(hours=12)
_KEPT: Final = timedelta(days=30)
_SEEN_EVERY: Final = timedelta(minutes=1)
_BROWSER_MAX: Final = 200


async def begin_session(
    engine: AsyncEngine,
    operator: Operator,
    *,
    is_complete: bool,
    by: Doer,
    browser: str,
    now: datetime,
) -> str:
    """A new session; the token goes into the cookie and is stored as its hash.

    `is_complete`: no code of a second factor is needed. Sessions that ended long ago are deleted.
    """
    token = new_token()
    values = {
        "digest": digest(token),
        "operator_id": operator.id,
        "generation": operator.generation,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + LIFE,
        "is_complete": is_complete,
        "address": by.address,
        "browser": browser[:_BROWSER_MAX],
    }
    old = operator_sessions.c.expires_at < now - _KEPT
    async with engine.begin() as connection:
        await connection.execute(operator_sessions.delete().where(old))
        await connection.execute(operator_sessions.insert().values(values))
        await record(connection, _action(by, "session.begin"), now)
    return token


async def complete_session(engine: AsyncEngine, session: Session) -> None:
    """The second factor was given."""
    same = operator_sessions.c.digest == session.digest
    async with engine.begin() as connection:
        await connection.execute(operator_sessions.update().where(same).values(is_complete=True))


async def note_seen(engine: AsyncEngine, session: Session, now: datetime) -> None:
    """The session is in use; written once a minute."""
    if now - session.seen_at < _SEEN_EVERY:
        return
    same = operator_sessions.c.digest == session.digest
    async with engine.begin() as connection:
        await connection.execute(operator_sessions.update().where(same).values(seen_at=now))


async def end_session(engine: AsyncEngine, session: Session, *, by: Doer, now: datetime) -> None:
    """Log out."""
    same = operator_sessions.c.digest == session.digest
    async with engine.begin() as connection:
        await connection.execute(operator_sessions.update().where(same).values(ended_at=now))
        await record(connection, _action(by, "session.end"), now)


def _action(by: Doer, action: str) -> Action:
    return Action(doer=by, action=action, subject=Subject("operator", by.login))
