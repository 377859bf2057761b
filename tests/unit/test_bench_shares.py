"""What `payments bench http` says a key costs, and how near a bulk comes to applying alone."""

from payments_tools.bench.report import Figure
from payments_tools.bench.shares import with_shares
from payments_tools.bench.ways import Way


def measured(short: str, per_second: float, operations: int = 1) -> tuple[Way, Figure]:
    way = Way(name=short, short=short, expected=202, requests=[], operations=operations)
    return way, Figure(name=short, per_second=per_second, note="drained")


def test_a_key_and_a_bulk_have_shares() -> None:
    rows = [measured("202", 100), measured("202 key", 96), measured("bulk 100", 60, 100)]
    figures, shares = with_shares(rows, Figure(name="applied alone", per_second=80))
    assert shares == {
        "202: with a key / without": "0.96",
        "bulk 100 / applied alone": "0.75",
    }
    assert [figure.note for figure in figures] == [
        "drained",
        "drained; 0.96 of the same without a key",
        "drained; 0.75 of applied alone",
    ]
