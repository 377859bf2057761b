"""The sections of a 1C file, one at a time: a file may have a million documents."""

from collections.abc import Iterable, Iterator
from sys import intern
from typing import Final

import msgspec

from payments.kernel.rows import Faults
from payments.statements.text import Text

MARK: Final = "1CClientBankExchange"
ACCOUNT: Final = "СекцияРасчСчет"
DOCUMENT: Final = "СекцияДокумент"
_ENDS: Final = {ACCOUNT: "КонецРасчСчет", DOCUMENT: "КонецДокумента"}
_END: Final = "КонецФайла"


class Section(msgspec.Struct):
    """Keys between two marks; the head of the file is a section without a name."""

    row: int
    name: str
    word: str
    keys: dict[str, str]
    rows: dict[str, int]

    def get(self, *names: str) -> str:
        """The first of these that is there and not empty."""
        return next((self.keys[n].strip() for n in names if self.keys.get(n, "").strip()), "")


def sections(text: Text, faults: Faults, *, skipped: str = "") -> Iterator[Section]:
    """The sections as they end, the head, which holds what stands between them, at last.

    The keys of `skipped` sections are left out. Where sections stand wrong is a fault.
    """
    rows = enumerate(text.rows(), 1)
    first = next(rows, (1, ""))[1].strip()
    if first != MARK:
        faults.add(1, "file", first, f"{MARK} as its first line")
    section = head = Section(1, "", "", {}, {})
    row = 1
    for row, written in rows:
        key, has_value, value = written.strip().partition("=")
        if key in {*_ENDS, _END} and section.name:
            faults.add(row, section.name, key, f"{_ENDS[section.name]} before it")
            yield section
        if key == _END:
            _check_last(rows, row, faults)
            yield head
            return
        if key in _ENDS:
            section = Section(row, intern(key), value.strip(), {}, {})
        elif key == _ENDS.get(section.name):
            yield section
            section = head
        elif key and section.name != skipped:
            _keep(section, intern(key), value if has_value else None, row, faults)
    faults.add(row, "file", "its end", f"{_END}: the file was cut off")
    yield head


def _check_last(rest: Iterable[tuple[int, str]], row: int, faults: Faults) -> None:
    if any(line.strip() for _, line in rest):
        faults.add(row + 1, "file", "more lines", f"nothing after {_END}")


def _keep(section: Section, key: str, value: str | None, row: int, faults: Faults) -> None:
    if value is None:
        faults.add(row, "line", key, "a key, = and its value")
        return
    is_list = not section.name and key in {"РасчСчет", "Документ"}
    if key in section.keys and not is_list:
        faults.add(row, key, f"{key} twice", "each key once")
    section.keys[key] = value
    section.rows[key] = row
