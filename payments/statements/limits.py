"""How long the texts of a line may be: indexes hold some of them, and no bank writes more."""

from collections.abc import Mapping
from typing import Final

from payments.kernel.rows import Faults
from payments.statements.line import Line

LONGEST: Final[Mapping[str, int]] = {
    "number": 200,
    "counterparty": 1000,
    "counterparty_account": 100,
    "inn": 100,
    "purpose": 10_000,
    "reference": 200,
    "bank_id": 400,
    "reason": 100,
}
"""Characters."""


def checked(line: Line, faults: Faults) -> Line:
    """The line; each text of it that is too long is a fault."""
    for name, most in LONGEST.items():
        length = len(getattr(line, name))
        if length > most:
            faults.add(line.row, name, f"{length} characters", f"at most {most}")
    return line
