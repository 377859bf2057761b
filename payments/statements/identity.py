"""Which line a line is: the same one in another file, another encoding or a longer period.

A line is its account, day of booking, signed amount and either the bank's own id or number,
counterparty and purpose. Lines that agree in all of it are twins, and the n-th of them is itself.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from payments.kernel.ids import derived_id
from payments.statements.line import Line


class Identified(msgspec.Struct, frozen=True):
    """A line with its id; `likeness` is what twins share, `twin` which of them it is, from 1."""

    id: UUID
    likeness: bytes
    twin: int
    line: Line


def likeness_of(account: str, line: Line) -> bytes:
    """What the line and its twins are known by: SHA-256 of their normal form."""
    if line.bank_id:
        own: tuple[str, ...] = ("id", line.bank_id)
    else:
        own = ("", line.number, line.counterparty_account or line.counterparty, line.purpose)
    parts = (account, line.posted.isoformat(), str(line.minor), *own)
    return hashlib.sha256("\x1f".join(map(_normal, parts)).encode()).digest()


def line_id(likeness: bytes, twin: int) -> UUID:
    """The id of the n-th twin."""
    return derived_id("statement_line", likeness.hex(), str(twin))


def identified(
    account: str, lines: Iterable[Line], before: Mapping[bytes, int] | None = None
) -> list[Identified]:
    """Each line with its id. `before`: twins in earlier pages of the day, by their likeness."""
    counts: Counter[bytes] = Counter(before or {})
    found = []
    for line in lines:
        likeness = likeness_of(account, line)
        counts[likeness] += 1
        twin = counts[likeness]
        found.append(Identified(line_id(likeness, twin), likeness, twin, line))
    return found


def _normal(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
