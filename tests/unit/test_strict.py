"""The strict readers: what each takes, and what it does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.kernel import strict
from payments.kernel.ids import parse_id
from payments.kernel.money import currency_of
from payments.kernel.strict import NotRead

RUB, JPY = currency_of("RUB"), currency_of("JPY")
MOSCOW = timezone(timedelta(hours=3))
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
A_UUID = "01890c5e-7a3b-7c4d-8e5f-0123456789ab"

TAKEN: list[tuple[Callable[[str], Any], str, Any]] = [
    (strict.read_id, "1", 1),
    (strict.read_id, str(2**53 - 1), 2**53 - 1),
    (strict.read_whole, "0", 0),
    (strict.read_uuid, A_UUID, UUID(A_UUID)),
    (strict.read_uuid, A_UUID.upper(), UUID(A_UUID)),
    (lambda t: strict.read_word(t, 4), "a-_9", "a-_9"),
    (lambda t: strict.read_amount(t, RUB), "12.3", 1230),
    (lambda t: strict.read_amount(t, JPY), "12", 12),
    (strict.read_currency, "rub", RUB),
    (strict.read_day, "2026-11-26", date(2026, 11, 26)),
    (strict.read_time, "2026-11-26T12:00:00Z", NOON),
    (
        strict.read_time,
        "2026-11-26t01:30:00.0+03:00",
        NOON - timedelta(hours=13.5),
    ),
    (
        strict.read_time,
        "2026-11-26 12:00:00.123456789z",
        NOON + timedelta(microseconds=123456),
    ),
    (
        lambda t: strict.read_time(t, MOSCOW),
        "2026-11-26T12:00:00",
        NOON - timedelta(hours=3),
    ),
]

REFUSED: list[tuple[Callable[[str], Any], str]] = [
    *(
        (strict.read_id, text)
        for text in (
            "",
            "0",
            "-1",
            "+1",
            "01",
            "1.0",
            "1e3",
            "1_000",
            " 1",
            "1\n",
            "\u0661\u0667",
            "\uff11",
            "\xb2",
        )
    ),
    (strict.read_id, str(2**53)),
    (strict.read_id, "9" * 5000),
    (strict.read_id, "\ufeff1"),
    (strict.read_uuid, A_UUID.replace("-", "")),
    (strict.read_uuid, "{" + A_UUID + "}"),
    (strict.read_uuid, "urn:uuid:" + A_UUID),
    (strict.read_uuid, A_UUID.replace("0123", "01_3")),
    (strict.read_uuid, A_UUID + "\n"),
    (lambda t: strict.read_word(t, 4), ""),
    (lambda t: strict.read_word(t, 4), "abcde"),
    (lambda t: strict.read_word(t, 4), "a\0b"),
    (lambda t: strict.read_word(t, 4), "\u0430"),
    *(
        (lambda t: strict.read_amount(t, RUB), text)
        for text in (
            "",
            "0",
            "-1",
            "1e3",
            "1,5",
            "1.234",
            "1_0",
            "\u0662",
            '"1"',
            "1 ",
            "NaN",
            "1" * 40,
        )
    ),
    *((strict.read_currency, text) for text in ("", "XXZ", "RU", "RUB ", "U\u017fD", "\uff32UB")),
    *(
        (strict.read_day, text)
        for text in ("", "26.11.2026", "2026-02-30", "20261126", "9999-12-31", "1999-12-31")
    ),
    (strict.read_day, "\u0662\u0660\u0662\u0666-11-26"),
    *(
        (strict.read_time, text)
        for text in (
            "",
            "1763683200",
            "2026-11-26T12:00:00",
            "2026-11-26",
            "2026-11-26T12:00Z",
            "2026-11-26T24:00:01Z",
            "2026-11-26T12:00:60Z",
            "2026-11-26T12:00:00+99:00",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-11-26T12:00:00Z\n",
        )
    ),
]


@pytest.mark.parametrize(("read", "text", "value"), TAKEN)
def test_taken(read: Callable[[str], Any], text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.case("R14")
@pytest.mark.parametrize(("read", "text"), REFUSED)
def test_refused_with_what_is_expected(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(NotRead) as error:
        read(text)
    assert error.value.expected


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_not_read(text: str) -> None:
    """No other error, and what is read as a number is written back as the same text."""
    readers: list[Callable[[str], Any]] = [
        strict.read_id,
        strict.read_uuid,
        strict.read_currency,
        strict.read_day,
        strict.read_time,
        lambda t: strict.read_amount(t, RUB),
    ]
    for read in readers:
        try:
            read(text)
        except NotRead:
            continue
        assert text.isascii()


def test_values_of_other_readers_are_held_to_the_same_bounds() -> None:
    for moment in (
        datetime(2026, 11, 26, 12),  # noqa: DTZ001 - one without a zone is the case
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=MOSCOW),
    ):
        with pytest.raises(NotRead):
            strict.check_time(moment)
    with pytest.raises(NotRead):
        strict.check_day(date.max)
    with pytest.raises(NotRead):
        strict.day_bounds(date(9999, 12, 31))


def test_what_cannot_be_seen_is_shown() -> None:
    assert strict.shown("\ufeffline_id") == "\\ufeffline_id"
    assert strict.shown("a\0b") == "a\\x00b"
    assert len(strict.shown("x" * 5000)) == 61


def test_an_id_in_a_path_is_a_uuid_in_its_usual_form() -> None:
    assert parse_id(A_UUID) == UUID(A_UUID)
    assert parse_id(A_UUID.replace("-", "")) is None
