"""Reads the rows of a file from outside and reports all its faults together.

A fault names the line, the field, what was found and what is expected. `Faults.raise_as` refuses
the whole file if there is any fault.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from payments.kernel.errors import InvalidBody
from payments.kernel.strict import NotRead, shown

FAULTS_MAX: Final = 50
"""How many faults are listed; further ones are only counted."""

T = TypeVar("T")


class Digits(str):
    """The text of a number as it stands in the file; it never becomes a float."""

    __slots__ = ()


class Members(dict[str, Any]):
    """A JSON object; `doubled` lists the keys it has more than once."""

    doubled: Sequence[str] = ()


class Faults:
    """Collects the faults of a file."""

    def __init__(self) -> None:
        self.count = 0
        self._listed: list[dict[str, str | int]] = []

    def add(self, line: int, field: str, value: object, expected: str) -> None:
        """Add a fault. `line` counts from 1; 0: the file as a whole."""
        self.count += 1
        if len(self._listed) >= FAULTS_MAX:
            return
        found = found_text(value)
        message = f"found {found}, expected {expected}"
        fault: dict[str, str | int] = {"line": line} if line else {}
        self._listed.append(
            {**fault, "field": field, "found": found, "expected": expected, "message": message}
        )

    def forget(self, count: int) -> None:
        """Forget all but the first `count`: the file was read in a way that was not its own."""
        self.count = min(self.count, count)
        del self._listed[self.count :]

    def raise_as(self, error: type[InvalidBody]) -> None:
        """Raise if there is a fault: the first in `detail`, all of them in `errors[]`."""
        if not self.count:
            return
        first = self._listed[0]
        where = f"line {first['line']}, " if "line" in first else ""
        total = f" ({self.count} faults in all)" if self.count > 1 else ""
        raise error(f"{where}{first['field']}: {first['message']}{total}", errors=self._listed)


class Row:
    """The fields of one line; reading a field that is wrong returns None and adds a fault."""

    def __init__(self, line: int, fields: Mapping[str, Any], faults: Faults) -> None:
        """`line` counts from 1."""
        self.line = line
        self._fields = fields
        self._faults = faults
        for name in getattr(fields, "doubled", ()):
            faults.add(line, shown(name), f"{shown(name)} twice", "each field once")

    def read(self, name: str, reader: Callable[[str], T], *, is_number: bool = False) -> T | None:
        """Read a field with a strict reader. `is_number`: it must be a JSON
        number, not a string.
        """
        text = self._fields.get(name)
        is_right = isinstance(text, Digits) if is_number else _is_text(text)
        if not is_right:
            kind = "a number" if is_number else "text"
            self._faults.add(self.line, name, text, kind)
            return None
        return self._apply(reader, name, text)

    def read_either(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Read a field that is a number, or a string of the same digits."""
        text = self._fields.get(name)
        if isinstance(text, str):
            return self._apply(reader, name, text)
        self._faults.add(self.line, name, text, "a number")
        return None

    def _apply(self, reader: Callable[[str], T], name: str, text: Any) -> T | None:
        try:
            return reader(str(text))
        except NotRead as error:
            self._faults.add(self.line, name, text, error.expected)
            return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Digits)


def one_of(words: frozenset[str]) -> Callable[[str], str]:
    """A reader that accepts the given words."""

    def read(text: str) -> str:
        if text not in words:
            raise NotRead(f"one of {', '.join(sorted(words))}")
        return text

    return read


def found_text(value: object) -> str:
    """The value as an error message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return shown(value) if value else "an empty text"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return shown(json.dumps(value, ensure_ascii=False, default=str))


def read_json(raw: bytes) -> Any:
    """Parse a JSON document with numbers as `Digits` and objects as `Members`.

    Raises ValueError, or RecursionError when it is nested too deep.
    """
    return json.loads(
        raw.decode("utf-8"),
        parse_int=Digits,
        parse_float=Digits,
        parse_constant=_no_constant,
        object_pairs_hook=_members,
    )


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _members(pairs: list[tuple[str, Any]]) -> Members:
    members = Members(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        members.doubled = sorted(name for name, count in counts.items() if count > 1)
    return members
