"""Bytes of a statement to text: strictly, never with a replaced character.

The rule: a byte order mark says UTF-8. Else bytes that are valid UTF-8 are UTF-8, whatever a header
says: banks send UTF-8 under `Кодировка=Windows`, and Cyrillic text of one byte a letter is no valid
UTF-8. Else it is the encoding that the file or its profile declares. There is no fourth way.
"""

import codecs
from typing import Final

from payments.kernel.rows import Faults
from payments.statements.line import InvalidStatement

_REPLACED: Final = "\ufffd"
LINE_MAX: Final = 100_000
"""Characters of a line: no bank writes more."""


def decode(raw: bytes, declared: str | None) -> str:
    """The text without its byte order mark. Raises 422 `invalid_statement`."""
    faults = Faults()
    body = raw.removeprefix(codecs.BOM_UTF8)
    text = _strict(body, "utf-8")
    if text is None and body is raw and declared is not None:
        text = _strict(body, declared)
    if text is None:
        is_utf8 = body is not raw or declared is None
        encoding = "utf-8" if is_utf8 else str(declared)
        line, byte = _first_bad(body, encoding)
        faults.add(line, "encoding", byte, f"text in {encoding}")
    elif _REPLACED in text:
        line = text[: text.index(_REPLACED)].count("\n") + 1
        expected = "the letters that the bank wrote: this file was damaged on its way"
        faults.add(line, "encoding", "a replacement character", expected)
    if text is not None:
        _check_lines(text, faults)
    faults.raise_as(InvalidStatement)
    return text or ""


def _check_lines(text: str, faults: Faults) -> None:
    """No NUL, which is no text, and no line without an end."""
    if "\0" not in text and len(text) <= LINE_MAX:
        return
    for row, line in enumerate(text.split("\n"), 1):
        if "\0" in line:
            faults.add(row, "line", "U+0000", "text: this file was damaged on its way")
        if len(line) > LINE_MAX:
            faults.add(row, "line", f"{len(line)} characters", f"at most {LINE_MAX}")


def _strict(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _first_bad(raw: bytes, encoding: str) -> tuple[int, str]:
    """The line and the byte that are not in the encoding."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        return raw[: error.start].count(b"\n") + 1, f"byte 0x{raw[error.start]:02X}"
    return 0, "bytes"
