"""Whether a user and a bill belong together: from memory when known, else many in one query.

What is remembered never becomes wrong: users are not deleted, and a bill's owner never changes.
The operation looks again under lock; this lets the provider hear at once what it will say.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.reads.gather import Gathered

_REMEMBERED_MAX: Final = 100_000
_CLAIM_S: Final = 10.0

Pair = tuple[int, int]
"""A user's id and a bill's."""


class _Claim(msgspec.Struct, frozen=True):
    user_id: int
    until_s: float


class Parties(enum.Enum):
    """How a user and a bill stand to each other."""

    TOGETHER = "together"
    NEW_BILL = "new_bill"
    """The user is there, the bill is not."""
    NO_USER = "no_user"
    OTHER_OWNER = "other_owner"


class PartyFinder:
    """Finds out. One a process; start it before use."""

    def __init__(self, database_url: str) -> None:
        """On a session of its own."""
        self._lookups = Gathered(database_url, _read, "payments-parties")
        self._together: set[Pair] = set()
        self._claims: dict[int, _Claim] = {}

    async def start(self) -> None:
        """Connect when first asked."""
        await self._lookups.start()

    async def stop(self) -> None:
        """Leave."""
        await self._lookups.stop()

    async def find(self, user_id: int, bill_id: int) -> Parties:
        """How they stand now. Raises `Unavailable` without the database."""
        pair = (user_id, bill_id)
        if pair in self._together:
            return Parties.TOGETHER
        found = await self._lookups.find(pair) or Parties.NO_USER
        if found is Parties.TOGETHER:
            if len(self._together) >= _REMEMBERED_MAX:
                self._together.clear()
            self._together.add(pair)
        return self._unless_claimed(user_id, bill_id) if found is Parties.NEW_BILL else found

    def claim(self, user_id: int, bill_id: int) -> None:
        """A top-up that makes the bill is in the stream; until it is applied, this remembers it."""
        if len(self._claims) >= _REMEMBERED_MAX:
            self._claims.clear()
        self._claims.setdefault(bill_id, _Claim(user_id, monotonic_s() + _CLAIM_S))

    def _unless_claimed(self, user_id: int, bill_id: int) -> Parties:
        claim = self._claims.get(bill_id)
        if claim is None or claim.user_id == user_id:
            return Parties.NEW_BILL
        if claim.until_s > monotonic_s():
            return Parties.OTHER_OWNER
        del self._claims[bill_id]  # long enough to be applied: it was parked, so it counts no more
        return Parties.NEW_BILL


async def _read(connection: Connection, pairs: Sequence[Pair]) -> Mapping[Pair, Parties]:
    users, bills = [p[0] for p in pairs], [p[1] for p in pairs]
    rows = await connection.fetch(load_sql(__file__, "parties"), users, bills)
    return {
        (user_id, bill_id): _standing(user_id, owner, is_known=is_known)
        for user_id, bill_id, is_known, owner in rows
    }


def _standing(user_id: int, owner: int | None, *, is_known: bool) -> Parties:
    if not is_known:
        return Parties.NO_USER
    if owner is None:
        return Parties.NEW_BILL
    return Parties.TOGETHER if owner == user_id else Parties.OTHER_OWNER
