"""Numbers of bank accounts: the bank's id, then the hex of five random bytes."""

import re
from typing import Final

from payments.kernel.ids import new_hex

RANDOM_BYTES: Final = 5
_NUMBER: Final = re.compile(r"[\x21-\x7e]{2,64}", re.ASCII)


def new_number(bank_id: int) -> str:
    """A number nobody has had; the database's UNIQUE has the last word."""
    return f"{bank_id}{new_hex(RANDOM_BYTES)}"


def is_number_of(number: str, bank_id: int) -> bool:
    """True for a number the bank may give out, shorter ones of older tables (`1xf3g`) included."""
    return _NUMBER.fullmatch(number) is not None and number.startswith(str(bank_id))
