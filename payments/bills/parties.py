"""Checks whether a bill belongs to a user, from a cache or with one query for many pairs.

Cached pairs stay valid: users are not deleted, and a bill's owner never changes. The operation
checks again under lock; this check lets the webhook answer a refusal at once.
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
"""User id and bill id."""


class _Claim(msgspec.Struct, frozen=True):
    user_id: int
    until_s: float


class Parties(enum.Enum):
    """Relation of a user and a bill."""

    TOGETHER = "together"
    NEW_BILL = "new_bill"
    """The user exists, the bill does not."""
    NO_USER = "no_user"
    OTHER_OWNER = "other_owner"


class PartyFinder:
    """Looks up pairs. One per process; start it before use."""

    def __init__(self, database_url: str) -> None:
        """It uses a database session of its own."""
        self._lookups = Gathered(database_url, _read, "payments-parties")
        self._together: set[Pair] = set()
        self._claims: dict[int, _Claim] = {}

    async def start(self) -> None:
        """Start; the session is opened by the first lookup."""
        await self._lookups.start()

    async def stop(self) -> None:
        """Close the session."""
        await self._lookups.stop()

    async def find(self, user_id: int, bill_id: int) -> Parties:
        """The current relation. Raises `Unavailable` when the database cannot be reached."""
        pair = (user_id, bill_id)
        if pair in self._together:
            return Parties.TOGETHER
        relation = await self._lookups.find(pair) or Parties.NO_USER
        if relation is Parties.TOGETHER:
            if len(self._together) >= _REMEMBERED_MAX:
                self._together.clear()
            self._together.add(pair)
        return self._unless_claimed(user_id, bill_id) if relation is Parties.NEW_BILL else relation

    def claim(self, user_id: int, bill_id: int) -> None:
        """Note the owner of a bill whose first top-up is in the stream and not yet applied."""
        if len(self._claims) >= _REMEMBERED_MAX:
            self._claims.clear()
        self._claims.setdefault(bill_id, _Claim(user_id, monotonic_s() + _CLAIM_S))

    def _unless_claimed(self, user_id: int, bill_id: int) -> Parties:
        claim = self._claims.get(bill_id)
        if claim is None or claim.user_id == user_id:
            return Parties.NEW_BILL
        if claim.until_s > monotonic_s():
            return Parties.OTHER_OWNER
        del self._claims[
            bill_id
        ]  # not applied in this time: the top-up was parked and made no bill
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
