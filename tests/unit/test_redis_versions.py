"""Which Redis releases are sound: those with the fixes of their series, when it had any."""

import pytest

from streams.durability import is_sound, parse


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("6.2.14", False),
        ("6.2.20", True),
        ("7.0.15", False),
        ("7.2.10", False),
        ("7.2.11", True),
        ("7.4.8", False),
        ("7.4.9", True),
        ("8.0.6", False),
        ("8.2.5", False),
        ("8.2.6", True),
        ("8.4.3", True),
        ("8.6.2", False),
        ("8.8.0", True),
        ("9.0.0", True),
        ("odd", False),
    ],
)
def test_redis_floor(text: str, *, sound: bool) -> None:
    assert is_sound(parse(text)) is sound
