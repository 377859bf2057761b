"""Pages and cursors."""

import base64

import pytest

from payments.http.lists import InvalidCursor, decode_cursor, encode_cursor, page_of


def test_a_cursor_comes_back() -> None:
    assert decode_cursor(encode_cursor(17), int) == 17
    assert decode_cursor(encode_cursor(("a", 1)), tuple[str, int]) == ("a", 1)
    assert decode_cursor(None, int) is None


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "!", "zz", "é", "a" * 401, encode_cursor("x"), "MQ\n"),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b"\xff").decode(),
    ],
)
def test_anything_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, int)


def test_the_extra_row_only_says_there_is_more() -> None:
    page = page_of([5, 4, 3], 2, lambda n: n, str)
    assert page == {"items": ["5", "4"], "next_cursor": encode_cursor(4)}
    assert page_of([5, 4], 2, lambda n: n, str)["next_cursor"] is None
    assert page_of([], 2, lambda n: n, str) == {"items": [], "next_cursor": None}
