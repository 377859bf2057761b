"""What events are called: every kind has its words, no type is ever renamed, all are documented."""

from fnmatch import fnmatch

from payments.events.types import WORDS, is_pattern
from payments.registry import OPERATIONS
from tests.architecture.event_types import types, written
from tests.architecture.sources import files, text

NEVER = {
    "bank_payment.received": "what is received is credited or unmatched, and called that",
    "deposit.requested": "what is asked for is `deposit.created`",
    "payout.requested": "what is asked for is `payout.held`",
    "payout.submitted": "each submission moves the payout: `payout.submitting`",
}
"""Types that never happen, kept because they were published: the thing's state says more."""


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


def test_every_type_has_an_example() -> None:
    pages = [text(name) for name in files() if fnmatch(name, "docs/event-examples*.md")]
    shown = {line[3:] for page in pages for line in page.splitlines() if line.startswith("## ")}
    assert sorted(types() - shown) == sorted(NEVER), "drive it in tests/flows/test_event_examples*"
    assert sorted(shown - types()) == []
