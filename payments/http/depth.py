"""How deep a body is nested, counted before a recursive decoder gets it."""

import re
from typing import Final

from payments.kernel.errors import InvalidRequest

DEPTH_MAX: Final = 32
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_NOT_BRACKETS: Final = bytes(b for b in range(256) if b not in b"{}[]")


def check_depth(raw: bytes) -> None:
    """Raise 400 `invalid_json` for more than `DEPTH_MAX` levels."""
    if raw.count(b"{") + raw.count(b"[") <= DEPTH_MAX:
        return
    # Without escapes each second quote ends a string.
    outside = _STRING.sub(b"", raw) if b"\\" in raw else b"".join(raw.split(b'"')[::2])
    brackets = left = outside.translate(None, _NOT_BRACKETS)
    for _ in range(DEPTH_MAX // 2):  # each turn takes two levels away at most: a bulk needs two
        left = left.replace(b"{}", b"").replace(b"[]", b"")
        if not left:
            return
    depth = 0
    for byte in brackets:
        depth += 1 if byte in b"{[" else -1
        if depth > DEPTH_MAX:
            raise InvalidRequest(
                f"the body is nested deeper than {DEPTH_MAX} levels", code="invalid_json"
            )
