"""Free-form JSON of a client, stored exactly as written.

Numbers keep every digit and members their order, so it is returned as it was sent. What could not
be returned unchanged is refused with `NotRead`: a duplicate name, a number outside the range of a
double, an unpaired surrogate.
"""

import json
import math
from typing import Annotated, Any, Final

import msgspec

from payments.kernel.strict import NotRead

JsonObject = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="Any JSON object. It comes back as it was sent.",
        extra_json_schema={"type": "object"},
    ),
]
"""A struct field that holds the text of a JSON object."""

EMPTY: Final = msgspec.Raw(b"{}")
_NUMBER_MAX: Final = 64
MEMBERS_MAX: Final = 50

_IN_ORDER: Final = msgspec.json.Encoder()
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_SORTED: Final = msgspec.json.Encoder(order="sorted")


def read_object(raw: bytes) -> msgspec.Raw:
    """The object without insignificant white space. `raw` must be valid JSON."""
    members = _read(raw)
    if not isinstance(members, dict):
        raise NotRead("a JSON object")
    if len(members) > MEMBERS_MAX:
        raise NotRead(f"an object of at most {MEMBERS_MAX} members")
    return _write(_IN_ORDER, members)


def merged(old: msgspec.Raw, change: msgspec.Raw) -> msgspec.Raw:
    """The object with the members of `change` put in; those that are null there are taken out.

    Raises `NotRead` when it would have too many.
    """
    members = {**_MEMBERS(old), **_MEMBERS(change)}
    left = {name: value for name, value in members.items() if bytes(value) != b"null"}
    if len(left) > MEMBERS_MAX:
        raise NotRead(f"an object of at most {MEMBERS_MAX} members")
    return _write(_IN_ORDER, left)


def content_of(text: msgspec.Raw) -> msgspec.Raw:
    """Canonical text of an object with sorted members: equal for equal objects."""
    return _write(_SORTED, _read(bytes(text)))


def _read(raw: bytes) -> Any:
    return json.loads(
        raw, object_pairs_hook=_unique, parse_int=_number, parse_float=_number, parse_constant=_none
    )


def _write(encoder: msgspec.json.Encoder, value: Any) -> msgspec.Raw:
    try:
        return msgspec.Raw(encoder.encode(value))
    except UnicodeEncodeError:
        raise NotRead("text in whole characters: half a surrogate pair is none") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise NotRead(f"each name once in an object; {json.dumps(name[:100])} is given twice")
        members[name] = value
    return members


def _number(text: str) -> msgspec.Raw:
    if len(text) > _NUMBER_MAX or not math.isfinite(float(text)):
        raise NotRead(f"numbers of at most {_NUMBER_MAX} characters, within the range of a double")
    return msgspec.Raw(text.encode())


def _none(text: str) -> None:
    raise NotRead(f"JSON, which has no {text}")
