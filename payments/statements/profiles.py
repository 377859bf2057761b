"""Profiles of settlement files: how one sort of CSV is to be read. A profile is data, not code."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from payments.kernel.errors import InvalidBody
from payments.statements.line import LineKind

RFC3339: Final = "rfc3339"
_FOLDER: Final = Path(__file__).parent / "profiles"
_Sign = Literal[-1, 0, 1]


class UnknownProfile(InvalidBody):
    """There is no profile of this name."""

    code = "unknown_profile"


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The names of the columns; an empty one is not in the file."""

    time: str
    amount: str
    kind: str = ""
    currency: str = ""
    fee: str = ""
    net: str = ""
    bank_id: str = ""
    number: str = ""
    reference: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    inn: str = ""
    purpose: str = ""
    status: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a sort of file is to be read.

    `thousands`: characters that may group digits. `encoding`: what bytes are that are not UTF-8.
    `zone`: of times, and of the day that a line belongs to. `time_format`: as `strptime` has it,
    or RFC 3339 with a zone in each time. `currency`: where the file has no such column. `sign`: of
    amounts, as written or by `signs` of the kind. `statuses`: what each means: 1 it moved, -1 it
    moved back, 0 it did not move. `ids`: fields that are whole numbers above zero; `words`: fields
    that are letters, digits, - and _, with their greatest length. `header_within`: in how many
    lines the header stands. `total_marks`: how the first cell of the total begins; `count_column`:
    where the total has the count of lines.
    """

    name: str
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)]
    decimal: Literal[".", ","]
    zone: str
    time_format: str
    columns: Columns
    encoding: Literal["utf-8", "cp1251", "cp866"] = "utf-8"
    thousands: str = ""
    currency: str = ""
    sign: Literal["signed", "kind"] = "signed"
    kinds: Mapping[str, LineKind] = {}
    signs: Mapping[str, _Sign] = {}
    statuses: Mapping[str, _Sign] = {}
    header_within: int = 1
    ids: Sequence[str] = ()
    words: Mapping[str, int] = {}
    has_total: bool = True
    total_marks: Sequence[str] = ()
    count_column: str = ""

    @property
    def names(self) -> dict[str, str]:
        """Field by the name of its column."""
        return {name: field for field, name in msgspec.structs.asdict(self.columns).items() if name}


def parse_profile(text: str) -> Profile:
    """A profile from TOML. Raises ValueError naming what is wrong."""
    profile = msgspec.convert(tomllib.loads(text), Profile)
    try:
        ZoneInfo(profile.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"zone: there is no time zone {profile.zone}") from None
    if profile.sign == "kind" and set(profile.signs) != set(profile.kinds):
        raise ValueError("signs: each kind needs its sign")
    if not profile.columns.currency and not profile.currency:
        raise ValueError("currency: neither a column nor a value")
    return profile


def find_profile(name: str) -> Profile:
    """The profile of that name. Raises 422 `unknown_profile`."""
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise UnknownProfile(f"there is no profile of this name; there are: {known}")
    return _load(name)


@cache
def profile_names() -> tuple[str, ...]:
    """The profiles there are."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@cache
def _load(name: str) -> Profile:
    return parse_profile((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
