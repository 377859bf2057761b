"""CSV rows below a header that is looked for, each cell by the name of its column."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from payments.kernel.rows import Faults
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement
from payments.statements.profiles import Profile
from payments.statements.text import Text, decode


class Cells(msgspec.Struct, frozen=True):
    """A row by the columns of the profile; the total of a file is one too."""

    row: int
    columns: Mapping[str, str]
    first: str


def has_header(file: StatementFile, profile: Profile) -> bool:
    """Whether one of the first lines has every column of the profile."""
    head = file.head
    whole = head if file.size == len(head) else head.rpartition(b"\n")[0]
    try:
        lines = decode(StatementFile(whole), profile.encoding).open()
    except InvalidStatement:
        return False
    try:
        return bool(_header(csv.reader(lines, delimiter=profile.delimiter), profile, Faults())[0])
    except csv.Error:
        return False


def rows_of(text: Text, profile: Profile, faults: Faults) -> Iterator[Cells]:
    """The rows below the header, which is looked for among the first lines."""
    with text.open() as lines:
        reader = csv.reader(lines, delimiter=profile.delimiter, strict=True)
        before = 0
        try:
            places, width = _header(reader, profile, faults)
            before = reader.line_num
            for cells in reader if places else ():
                before = reader.line_num
                plain = [cell.strip() for cell in cells]
                if len(plain) == width:
                    columns = {name: plain[place] for place, name in places.items()}
                    yield Cells(reader.line_num, columns, plain[0])
                elif any(plain):
                    faults.add(reader.line_num, "line", f"{len(plain)} cells", f"{width} cells")
        except csv.Error as error:
            found, expected = _trouble(error, profile)
            begins = before + 1 if before else reader.line_num  # a cell may have many lines
            faults.add(begins, "file", found, expected)


def _trouble(error: csv.Error, profile: Profile) -> tuple[str, str]:
    """What was found and what is expected, where the reader gave up."""
    if "field larger" in str(error):
        limit = csv.field_size_limit()
        expected = "shorter cells: a quotation mark without a partner joins all that follows"
        return f"a cell of more than {limit} characters", expected
    return str(error), f"CSV divided by {profile.delimiter}"


def _header(reader: Any, profile: Profile, faults: Faults) -> tuple[dict[int, str], int]:
    """Which column stands in which place of a row, and how many cells a row has."""
    names = profile.names
    first = ""
    for cells in reader:
        plain = [cell.strip() for cell in cells]
        first = first or profile.delimiter.join(plain)
        if set(names) <= set(plain):
            _check_header(plain, names, reader.line_num, faults)
            return {plain.index(name): name for name in names}, len(plain)
        if reader.line_num >= profile.header_within:
            break
    faults.add(1, "header", first or None, f"a header with {', '.join(names)}")
    return {}, 0


def _check_header(plain: Sequence[str], names: Mapping[str, str], row: int, faults: Faults) -> None:
    for name in names:
        if plain.count(name) > 1:
            faults.add(row, "header", f"{name} twice", "each column once")
