"""The nesting of a body is counted on its bytes, whatever stands in its texts."""

import pytest

from payments.http.depth import DEPTH_MAX, check_depth
from payments.kernel.errors import InvalidRequest

PAIRS = {"objects": (b'{"a":', b"}"), "lists": (b"[", b"]"), "both": (b'[{"a":', b"}]")}


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("beside", [b"1", b'"{{[["', b'"\\"[{"', b"[{},{},[]]"])
def test_so_many_levels_and_no_more(pair: str, beside: bytes) -> None:
    opening, closing = PAIRS[pair]
    own = 2 if beside.startswith(b"[{}") else 0
    levels = (DEPTH_MAX - own) // (2 if pair == "both" else 1)
    fits = opening * levels + beside + closing * levels
    check_depth(b"[%b]" % b",".join([b"[]"] * 40 + [b"{}"]))
    check_depth(fits)
    with pytest.raises(InvalidRequest):
        check_depth(opening + fits + closing)


def test_what_is_no_json_is_left_to_the_decoder_unless_it_is_deep() -> None:
    check_depth(b"{]" * 40)
    with pytest.raises(InvalidRequest):
        check_depth(b"{" * (DEPTH_MAX + 1))
