"""Every way in which a session is lost is one that a starting role waits for."""

import asyncio

import asyncpg
import pytest

from payments.entrypoints.waiting import _AWAY
from payments.kernel.database import is_connection_lost, is_worth_waiting

LOST = [
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 11; another operation is in progress"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncio.IncompleteReadError(b"", 1),
    ConnectionError("unexpected connection_lost() call"),
    TimeoutError(),
]


@pytest.mark.case("C20")
@pytest.mark.parametrize("error", LOST, ids=repr)
def test_a_lost_session_does_not_end_a_role(error: Exception) -> None:
    assert is_connection_lost(error)
    assert isinstance(error, _AWAY)
    assert is_worth_waiting(error)
