"""Requests that 0.1.0 knows under another id: two keys of one client were two callers then."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from payments.kernel.errors import NotDecidedYet
from payments.kernel.ids import OperationId
from payments.operations.acceptance import Acceptance, Door
from payments.operations.envelope import Intent, digest_of, digest_of_intent
from payments.operations.outcome import Decision
from payments.operations.outcomes import Outcomes, conflict

LEDGER_WAIT_S: Final = 3.0
"""How long a request waits for the ledger when a marker shows other content under its id."""


class EarlierId(msgspec.Struct, frozen=True):
    """An id under which 0.1.0 may know the same request: each key of a client was its own caller
    then.
    """

    actor: str
    operation_id: OperationId


class EarlierIds:
    """Finds the id that a request was first sent under. Only clients of 0.1.0 have several."""

    def __init__(self, door: Door, outcomes: Outcomes) -> None:
        """What is accepted, and what is decided."""
        self._door = door
        self._outcomes = outcomes

    async def first_of(
        self, ids: Sequence[EarlierId], kind: str, intent: Intent, now: datetime
    ) -> EarlierId:
        """The id that has this content, or the request's own, which is the first.

        The content decides: other content under any of the ids is a conflict.
        """
        body = msgspec.json.encode(intent)
        conflicting: OperationId | None = None
        for id_ in ids:
            digest = digest_of_intent(kind, id_.actor, intent)
            known = await self._known_digest(id_.operation_id, digest, now)
            if known in {digest, digest_of(kind, id_.actor, body)}:
                return id_
            if known is None and id_ is not ids[0]:
                await self._refuse_doubt(id_.operation_id)
            if known is not None:
                conflicting = conflicting or id_.operation_id
        if conflicting is not None:
            raise conflict(conflicting)
        return ids[0]

    async def _known_digest(
        self, operation_id: OperationId, digest: bytes, now: datetime
    ) -> bytes | None:
        """Digest stored under an id. The marker is read first: it outlives the decision, so one is
        seen.

        A marker with another digest is not conclusive, because its entry may be missing. Raises
        `Conflict` when the ledger has other content under the id.
        """
        marker = await self._door.find_marker(operation_id)
        if marker is not None and msgspec.json.decode(marker, type=Acceptance).digest == digest:
            return digest
        decision = await self._outcomes.find(operation_id)
        if decision is None and marker is not None:
            with self._outcomes.expect(operation_id, digest, now) as coming:
                outcome = await coming.within(LEDGER_WAIT_S)
            decision = outcome if isinstance(outcome, Decision) else None
        known = decision or await self._outcomes.find_parked(operation_id)
        return None if known is None else known.digest

    async def _refuse_doubt(self, operation_id: OperationId) -> None:
        """Raise `NotDecidedYet` while other content may be in the stream under an earlier id.

        Under the request's own id the engine would detect it; under an earlier one it would not.
        """
        if await self._door.find_marker(operation_id) is not None:
            raise NotDecidedYet(operation_id=str(operation_id))
