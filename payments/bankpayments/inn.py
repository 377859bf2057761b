"""Checks INNs (Russian tax numbers), and what banks send in their place."""

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
    """Check length and digits only: the example in the bank's document has a wrong check digit."""
    return _INN.fullmatch(text) is not None


def checked_inn(text: str, field: str = "inn") -> str:
    """The INN. Raises 422 `invalid_body` naming the field."""
    if not is_inn(text):
        raise InvalidBody(_RULE, errors=[{"field": field, "message": _RULE}])
    return text


def checked_payer(text: str, field: str) -> str:
    """The payer as a bank may send it; only a plain INN is matched to an organization.

    A payment with `0` or nothing (a natural person), a KIO, or an INN with a KPP is accepted, and
    an operator assigns it. Raises 422 `invalid_body` naming the field.
    """
    if _PAYER.fullmatch(text) is None:
        raise InvalidBody(_PAYER_RULE, errors=[{"field": field, "message": _PAYER_RULE}])
    return text
