"""How amounts stand in the OpenAPI document, so that no client makes a 32-bit float of one.

What is read is the same everywhere (`payments.http.body.Amount`): digits, in quotes or without.
"""

from typing import Annotated, Any, Final

import msgspec

AMOUNT_PATTERN: Final = r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?$"
AS_TEXT: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": AMOUNT_PATTERN,
    "examples": ["12.30"],
}

_AS_NUMBER: Final = {"type": "number", "format": "double", "exclusiveMinimum": 0}
_ZERO_OR_MORE: Final = {"type": "number", "format": "double", "minimum": 0}
_DIGITS: Final = 'Decimal digits: "12.30" in quotes, or 12.3 as a JSON number.'

AmountOrNumber = Annotated[
    msgspec.Raw,
    msgspec.Meta(description=_DIGITS, extra_json_schema={"anyOf": [AS_TEXT, _AS_NUMBER]}),
]
"""A request's amount where the contract of the surface shows a JSON number."""

AmountOrNothing = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description=f"{_DIGITS} 0 and null are no money.",
        extra_json_schema={"anyOf": [AS_TEXT, _ZERO_OR_MORE, {"type": "null"}]},
    ),
]
"""The same where no money is a valid request."""

AmountNumber = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="Decimal digits as a JSON number, of any sign.",
        extra_json_schema={"type": "number", "format": "double"},
    ),
]
"""An answer's amount where the contract of the surface shows a JSON number."""
