"""What events are called: every kind has its words, no type is ever renamed, all are documented."""

from payments.events.types import WORDS, is_pattern
from payments.registry import OPERATIONS
from tests.architecture.event_types import types, written
from tests.architecture.sources import text


def test_every_kind_has_its_words() -> None:
    assert {operation.kind for operation in OPERATIONS} - WORDS.keys() == set()


def test_no_type_is_renamed() -> None:
    assert types() - written() == set(), "python -m tests.architecture.event_types"
    assert written() - types() == set(), "a type that clients know is gone"


def test_types_are_nouns_and_what_happened() -> None:
    assert [one for one in types() if not is_pattern(one) or one.endswith("*")] == []


def test_every_type_is_documented() -> None:
    documented = text("docs/events.md")
    assert [one for one in sorted(types()) if f"`{one}`" not in documented] == []
