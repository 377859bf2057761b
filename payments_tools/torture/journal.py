"""Every request of the clients and every response, in memory and in a file."""

import enum
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from payments.kernel.clock import monotonic_s
from payments.kernel.ids import AccountId

Moves = tuple[tuple[AccountId, int], ...]
"""What an operation does to the accounts of owners when it is applied: account, minor units."""


class Standing(enum.Enum):
    """What the clearest answer so far says."""

    OPEN = "open"
    """Nobody knows: no answer, 503, cut off. To be sent again."""
    ACCEPTED = "accepted"
    APPLIED = "applied"
    REJECTED = "rejected"
    TURNED_AWAY = "turned away"
    """Refused at the door: never an operation."""


CLEAR = {Standing.APPLIED, Standing.REJECTED, Standing.TURNED_AWAY}
Document = Mapping[str, Any]


@dataclass(kw_only=True, eq=False)
class Call:
    """One operation of a client, repeated under the same key until its response is clear."""

    surface: str
    kind: str
    key: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    moves: Moves = ()
    opens_minor: int | None = None
    """Money that goes to the wallet this operation opens, whose number its result tells."""
    operation_id: UUID | None = None
    parts: tuple[UUID, ...] = ()
    """Operations that it is made of: what they move, it moves."""
    payer: AccountId | None = None
    """Whose money must cover `pays_minor`: what a refusal for lack of funds is judged by."""
    pays_minor: int = 0
    balances: Mapping[str, AccountId] = field(default_factory=dict)
    """Fields of the applied answer that tell an account's balance after the operation."""
    told: "Document | None" = None
    """The first answer that said applied."""
    then: "Callable[[Call, Document], None] | None" = None
    """Called once, with the first answer that says applied."""
    standing: Standing = Standing.OPEN
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def is_in(self) -> bool:
        """True when a client was told that it is an operation."""
        return self.standing in {Standing.ACCEPTED, Standing.APPLIED, Standing.REJECTED}


class Journal:
    """Every call and answer of the run."""

    def __init__(self, path: Path) -> None:
        """The file is written as answers come, a JSON document a line."""
        self.calls: list[Call] = []
        self.breaches: list[str] = []
        self.requests = 0
        self.settled = 0
        """Calls whose answer was clear at last."""
        self.answers: Counter[str] = Counter()
        self._began_s = monotonic_s()
        self._file = path.open("w", encoding="utf-8")

    def add(self, call: Call) -> Call:
        """A new call."""
        self.calls.append(call)
        return call

    def note(self, call: Call, status: int, standing: Standing, operation_id: UUID | None) -> None:
        """An answer; 0 is none. What contradicts an earlier answer is a breach."""
        self.requests += 1
        self.answers[str(status) if status else "none"] += 1
        call.answers[status] += 1
        self._write(call, status, standing, operation_id)
        if standing is Standing.OPEN:
            return
        if call.operation_id and operation_id and call.operation_id != operation_id:
            self.breach(call, f"is {call.operation_id}, then {operation_id}")
        call.operation_id = call.operation_id or operation_id
        if call.standing in CLEAR and standing in CLEAR and call.standing is not standing:
            self.breach(call, f"was {call.standing.value}, then {standing.value}")
        if call.standing is Standing.ACCEPTED and standing is Standing.TURNED_AWAY:
            self.breach(call, "was accepted, then turned away")
        elif call.standing not in CLEAR:
            self.settled += call.standing is Standing.OPEN
            call.standing = standing

    def breach(self, call: Call, text: str) -> None:
        """Something a client must never see."""
        self.breaches.append(f"{call.surface} {call.kind} {call.key}: {text}")

    def open_calls(self) -> list[Call]:
        """Calls nobody knows the fate of."""
        return [call for call in self.calls if call.standing is Standing.OPEN]

    def close(self) -> None:
        """No more answers."""
        self._file.close()

    def _write(
        self, call: Call, status: int, standing: Standing, operation_id: UUID | None
    ) -> None:
        line = {
            "s": round(monotonic_s() - self._began_s, 3),
            "surface": call.surface,
            "kind": call.kind,
            "key": call.key,
            "status": status,
            "says": standing.value,
            "operation_id": None if operation_id is None else str(operation_id),
        }
        self._file.write(json.dumps(line) + "\n")
