"""Path parameters: each has one strict reader, and a value that it does not accept answers 404.

Litestar's converters accept `+1`, ` 1`, `01` and digits of other scripts, so one wallet would have
many paths. Therefore routes declare every parameter as `str`, and it is checked here; a handler may
still ask for an `int`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from payments.http.services import Connection
from payments.kernel.errors import NotFound
from payments.kernel.strict import ID_MAX, NotRead, read_id, read_uuid

PARAMETER: Final = re.compile(r"\{(\w+):(\w+)\}")

_NUMBER: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
_UUID: Final[Mapping[str, Any]] = {"type": "string", "format": "uuid"}
_TEXT: Final[Mapping[str, Any]] = {"type": "string"}

_NUMBERS: Final = ("wallet_id", "product_id", "user_id", "action_id", "letter_id")
UUIDS: Final = (
    "operation_id",
    "transfer_id",
    "transaction_id",
    "hold_id",
    "payout_id",
    "deposit_id",
    "break_id",
    "callback_id",
    "payment_id",
    "statement_id",
    "endpoint_id",
    "delivery_id",
    "approval_id",
    "payee_id",
)
_TEXTS: Final = ("inn", "token", "name", "login", "account")
"""Parameters that are looked up as written."""

SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {
    **dict.fromkeys(_NUMBERS, _NUMBER),
    **dict.fromkeys(UUIDS, _UUID),
    **dict.fromkeys(_TEXTS, _TEXT),
}
"""Schemas of the parameters in the OpenAPI document."""

_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    **dict.fromkeys(_NUMBERS, read_id),
    **dict.fromkeys(UUIDS, read_uuid),
}


def _read_text(text: str) -> str:
    if "\0" in text:
        raise NotRead("text without U+0000")
    return text


def check_separators(connection: Connection) -> None:
    """Raise 404 when a `/` of the path is written `%2F`: that is a character of a name, no `/`.

    Routing reads the decoded path, so a proxy would have seen another path than we do.
    """
    raw = connection.scope.get("raw_path")
    if raw and b"%2" in raw and b"%2f" in raw.partition(b"?")[0].lower():
        raise NotFound


def check_path(connection: Connection) -> None:
    """Raise 404 (`wallet_not_found`, …) when a path parameter is not a valid id."""
    for name, text in connection.scope["path_params"].items():
        reader = _READERS.get(name, _read_text)
        try:
            reader(text)
        except NotRead:
            noun = name.removesuffix("_id")
            raise NotFound(f"There is no such {noun}.", code=f"{noun}_not_found") from None


def undeclared(path: str) -> Iterator[str]:
    """Path parameters of a route that have no strict reader."""
    for name, type_ in PARAMETER.findall(path):
        if type_ != "str" or name not in SCHEMAS:
            yield f"{name}:{type_}"
