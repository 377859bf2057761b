"""Lines of a statement that do not fit into memory."""

from datetime import date

import pytest

from payments.statements import lines as module
from payments.statements.line import Line
from payments.statements.lines import Lines


def line(number: int) -> Line:
    return Line(row=number, posted=date(2026, 11, 1 + number % 9), minor=(-1) ** number * number)


def test_lines_on_the_disk_are_the_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY_MAX", 3)
    plain = [line(number) for number in range(10)]
    lines = Lines(plain[:5])
    assert list(lines) == plain[:5]
    lines.extend(plain[5:])
    assert list(lines) == list(lines) == plain
    assert (len(lines), lines[0], lines[9], lines[2:5]) == (10, plain[0], plain[9], plain[2:5])
    assert lines.received_minor - lines.sent_minor == sum(one.minor for one in plain)
    assert (lines.first_day, lines.last_day) == (date(2026, 11, 1), date(2026, 11, 9))
