"""INN: 10 digits of an organization, 12 of a person in business."""

import re
from typing import Final

from payments.kernel.errors import InvalidBody

PATTERN: Final = r"^([0-9]{10}|[0-9]{12})$"
_RULE: Final = "an INN is a text of 10 or 12 digits"
_INN: Final = re.compile(r"[0-9]{10}|[0-9]{12}")


def is_inn(text: str) -> bool:
    """Length and digits only: the bank's own example has a wrong check digit."""
    return _INN.fullmatch(text) is not None


def checked_inn(text: str, field: str = "inn") -> str:
    """The INN itself. Raises 422 `invalid_body` naming the field."""
    if not is_inn(text):
        raise InvalidBody(_RULE, errors=[{"field": field, "message": _RULE}])
    return text
