"""Who paid, by its number: an INN, or what a bank writes in its place."""

import re
from typing import Final

from payments.kernel.errors import InvalidBody

PATTERN: Final = r"^([0-9]{10}|[0-9]{12})$"
_RULE: Final = "an INN is a text of 10 or 12 digits"
_INN: Final = re.compile(r"[0-9]{10}|[0-9]{12}")
PAYER_PATTERN: Final = r"^(0?|([0-9]{5}|[0-9]{10}|[0-9]{12})(/[0-9]{4}[0-9A-Z]{2}[0-9]{3})?)$"
_PAYER: Final = re.compile(PAYER_PATTERN.removeprefix("^").removesuffix("$"))
_PAYER_RULE: Final = (
    "an INN is a text of 10 or 12 digits; a payer without one is 0 or empty, a foreign "
    "organization's KIO has 5 digits, and a KPP may follow behind a slash"
)


def is_inn(text: str) -> bool:
    """Length and digits only: the bank's own example has a wrong check digit."""
    return _INN.fullmatch(text) is not None


def checked_inn(text: str, field: str = "inn") -> str:
    """The INN itself. Raises 422 `invalid_body` naming the field."""
    if not is_inn(text):
        raise InvalidBody(_RULE, errors=[{"field": field, "message": _RULE}])
    return text


def checked_payer(text: str, field: str) -> str:
    """The payer as a bank may write it. Only an INN alone finds its organization by itself.

    `0` or nothing (a person), a KIO, and an INN with a KPP are real money of somebody whom a person
    has to find. Raises 422 `invalid_body` naming the field.
    """
    if _PAYER.fullmatch(text) is None:
        raise InvalidBody(_PAYER_RULE, errors=[{"field": field, "message": _PAYER_RULE}])
    return text
