"""Bytes of a statement to text: strictly, never with a replaced character.

The rule: a byte order mark says UTF-8. Else bytes that are valid UTF-8 are UTF-8, whatever a header
says: banks send UTF-8 under `Кодировка=Windows`, and Cyrillic text of one byte a letter is no valid
UTF-8. Else it is the encoding that the file or its profile declares. There is no fourth way.
"""

import codecs
import io
from collections.abc import Iterator
from typing import Final

from payments.kernel.rows import Faults
from payments.statements.file import CHUNK, StatementFile
from payments.statements.line import InvalidStatement

_REPLACED: Final = "\ufffd"
_UTF8: Final = "utf-8"
_MARKED: Final = "utf-8-sig"
LINE_MAX: Final = 100_000
"""Characters of a line: no bank writes more."""


class Text:
    """The text of a file, without its byte order mark, read a line at a time."""

    def __init__(self, file: StatementFile, encoding: str) -> None:
        """The whole file has been read in that encoding."""
        self._file = file
        self._encoding = encoding

    def open(self, newline: str = "") -> io.TextIOWrapper:
        """The lines with their ends; `newline` as `io.open` has it."""
        return io.TextIOWrapper(self._file.open(), encoding=self._encoding, newline=newline)

    def rows(self) -> Iterator[str]:
        """The lines without their ends."""
        with self.open("\n") as lines:
            for line in lines:
                yield line.removesuffix("\n")


def decode(file: StatementFile, declared: str | None) -> Text:
    """The text of the file. Raises 422 `invalid_statement`."""
    faults = Faults()
    is_marked = file.head.startswith(codecs.BOM_UTF8)
    encoding = _MARKED if is_marked else _UTF8
    known = _check(file, encoding, faults)
    if not known and not is_marked and declared is not None:
        encoding = declared
        known = _check(file, encoding, faults)
    if not known:
        line, byte = _first_bad(file, encoding)
        faults.add(line, "encoding", byte, f"text in {encoding.removesuffix('-sig')}")
    faults.raise_as(InvalidStatement)
    return Text(file, encoding)


def _check(file: StatementFile, encoding: str, faults: Faults) -> bool:
    """Whether the bytes are text in that encoding. What is no text of a bank is a fault:
    characters that replaced others, NUL, and lines without an end.
    """
    before = faults.count
    row, begun = 1, 0
    try:
        with Text(file, encoding).open("\n") as text:
            while chunk := text.read(CHUNK):
                lines = chunk.split("\n")
                if "\0" in chunk or _REPLACED in chunk or begun + max(map(len, lines)) > LINE_MAX:
                    _check_lines(lines, row, begun, faults)
                row += len(lines) - 1
                begun = len(lines[-1]) + (begun if len(lines) == 1 else 0)
    except UnicodeDecodeError:
        faults.forget(before)
        return False
    return True


def _check_lines(lines: list[str], row: int, begun: int, faults: Faults) -> None:
    """`row`: of the first line, of which `begun` characters stand before these."""
    for number, line in enumerate(lines, row):
        length = len(line) + (begun if number == row else 0)
        if _REPLACED in line:
            expected = "the letters that the bank wrote: this file was damaged on its way"
            faults.add(number, "encoding", "a replacement character", expected)
        if "\0" in line:
            faults.add(number, "line", "U+0000", "text: this file was damaged on its way")
        if length > LINE_MAX:
            faults.add(number, "line", f"{length} characters", f"at most {LINE_MAX}")


def _first_bad(file: StatementFile, encoding: str) -> tuple[int, str]:
    """The line and the byte that are not in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with file.open() as opened:
        for row, line in enumerate(opened, 1):
            try:
                decoder.decode(line)
            except UnicodeDecodeError as error:
                return row, f"byte 0x{error.object[error.start]:02X}"
    return 0, "half a letter at its end"
