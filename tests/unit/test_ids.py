"""Ids that sort by time, made of ids that do not."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from payments.kernel.ids import derived_id, derived_ids, new_id, sortable_id

NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


def test_what_sorts_by_time_stays_as_it_is() -> None:
    fresh = new_id()
    assert sortable_id(fresh, NOW) == fresh


def test_a_derived_id_becomes_one_of_the_moment() -> None:
    derived = derived_id("key", "somebody", "17")
    made = sortable_id(derived, NOW)
    assert (made.version, made.variant) == (7, new_id().variant)
    assert made.int >> 80 == int(NOW.timestamp() * 1000)
    assert made == sortable_id(derived, NOW)
    assert sortable_id(derived, NOW + timedelta(milliseconds=1)) > made


def test_a_derived_id_is_a_uuid_of_version_5() -> None:
    """Ids that are stored must come out the same for ever."""
    namespace = UUID("5b0c8a0e-3c0f-5b7e-9f57-2a4d3f6c1d11")
    for key in ("17", "", "\u044f", "x" * 255):
        made = uuid5(namespace, f"key\x1fsomebody\x1f{key}")
        assert derived_id("key", "somebody", key) == made
        assert derived_ids("key", "somebody", key[:1])(key[1:]) == made


def test_ids_of_one_millisecond_differ() -> None:
    made = {sortable_id(derived_id("key", "somebody", str(n)), NOW) for n in range(10_000)}
    assert len(made) == 10_000
