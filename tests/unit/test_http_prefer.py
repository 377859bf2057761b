"""`Prefer`: tolerant, and never longer than half a minute."""

import pytest

from payments.http.prefer import wait_s_of


@pytest.mark.case("M12")
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("Wait = 5", 5),
        ('wait="5"', 5),
        ("respond-async, wait=10", 10),
        ("wait=10;foo=bar, handling=lenient", 10),
        ("wait=30", 30),
        ("wait=31", 30),
        ("wait=99999999999", 30),
        ("wait=" + "9" * 5000, 30),
        ("wait=0000000000000000005", 5),
        ("wait=0", 0),
        *((bad, 0) for bad in ("", "wait", "wait=", "wait=-1", "wait=x", "wait=1.5", "await=5")),
        *((bad, 0) for bad in ("wait=5x", "wait=٣", "nowait=5", ",;=")),
    ],
)
def test_seconds_of_a_header(header: str, seconds: int) -> None:
    assert wait_s_of(header) == seconds
