"""What release 0.1.0 wrote is read for ever, and it misreads nothing of what we write."""

import msgspec

from payments.registry import OPERATIONS
from tests.architecture.sources import text

RECORDED = "tests/architecture/intents_0_1_0.json"
"""The fields of every intent of 0.1.0, by kind."""


def test_every_field_of_the_previous_release_is_still_read() -> None:
    recorded = msgspec.json.decode(text(RECORDED), type=dict[str, list[str]])
    ours = {o.kind: set(o.intent.__struct_fields__) for o in OPERATIONS}
    gone = {
        kind: set(fields) - ours.get(kind, set())
        for kind, fields in recorded.items()
        if set(fields) - ours.get(kind, set())
    }
    assert gone == {}, "entries with these fields would wait for ever"


def test_a_field_that_came_later_is_named() -> None:
    recorded = msgspec.json.decode(text(RECORDED), type=dict[str, list[str]])
    unnamed = {
        o.kind: set(o.intent.__struct_fields__) - set(recorded[o.kind]) - set(o.intent.added)
        for o in OPERATIONS
        if o.kind in recorded
    }
    found = {kind: fields for kind, fields in unnamed.items() if fields}
    assert found == {}, "name it in Intent.added: 0.1.0 reads past a field it does not know"


def test_what_came_later_may_be_left_out() -> None:
    """An older API does not send it."""
    for operation in OPERATIONS:
        fields = {f.name: f for f in msgspec.structs.fields(operation.intent)}
        assert [n for n in operation.intent.added if fields[n].required] == []
