"""Items of a bulk that are read at once are read as one by one."""

import pytest
from msgspec import Raw, inspect

from payments.kernel.errors import PaymentsError
from payments.surfaces.native.bulk_items import KINDS, _decoded, read_alike

PLAIN = (
    b'{"kind":"transfer","source_wallet_id":1,"destination_wallet_id":2,'
    b'"amount":"1.00","currency":"RUB"}'
)
HOLD = b'{"kind":"hold","wallet_id":1,"amount":"1.00","currency":"RUB","expires_in_s":60}'
"""The two of which the others are made."""
ONE_BY_ONE = {
    "another kind": HOLD,
    "a kind that nobody knows": PLAIN.replace(b"transfer", b"transfur"),
    "a key of its own": PLAIN.replace(b"{", b'{"idempotency_key":"own",'),
    "a field twice": PLAIN.replace(b"}", b',"amount":"2.00"}'),
    "an optional field twice": PLAIN.replace(b"}", b',"description":"a","description":"b"}'),
    "an escaped name": PLAIN.replace(b'"amount"', b'"\\u0061mount"'),
    "an escaped name twice": PLAIN.replace(b"}", b',"\\u0061mount":"2.00"}'),
    "a zero": PLAIN.replace(b"}", b',"description":"a\\u0000b"}'),
    "a field missing": PLAIN.replace(b',"currency":"RUB"', b""),
    "a field unknown": PLAIN.replace(b"}", b',"colour":"red"}'),
    "a field of another type": PLAIN.replace(b":1,", b':"one",'),
    "no object": b"17",
    "a field twice in an amount": PLAIN.replace(b'"1.00"', b'{"amount":1,"amount":2}'),
    "the name of a field as text": PLAIN.replace(b"}", b',"description":"amount"}'),
    "no UTF-8": PLAIN.replace(b"}", b',"description":"\xff"}'),
}


def raws(*items: bytes) -> list[Raw]:
    return [Raw(item) for item in items]


@pytest.mark.parametrize("item", [PLAIN, HOLD])
def test_items_alike_are_read_at_once(item: bytes) -> None:
    spaced = item.replace(b":", b" : ").replace(b",", b"\n, ")
    items = raws(item, item.replace(b"RUB", b"usd"), spaced)
    alike = read_alike(items)
    assert alike is not None
    assert alike[2] == [_decoded(bytes(one), "")[1] for one in items]


@pytest.mark.parametrize("name", ONE_BY_ONE)
@pytest.mark.parametrize("is_first", [False, True])
def test_anything_else_is_read_one_by_one(name: str, *, is_first: bool) -> None:
    other = ONE_BY_ONE[name]
    assert read_alike(raws(*((other, PLAIN) if is_first else (PLAIN, other)))) is None


def test_nothing_that_is_refused_alone_is_taken_at_once() -> None:
    """The fields of the table above, one at a time, also beside an item that lacks them."""
    for name, item in ONE_BY_ONE.items():
        try:
            _decoded(item, "")
        except PaymentsError:
            for items in (raws(item), raws(item, item), raws(item, PLAIN, PLAIN)):
                assert read_alike(items) is None, name


def test_kinds_that_are_read_at_once_hold_no_objects() -> None:
    """Only the names of an item's own fields are counted."""
    for kind in KINDS.values():
        if kind.plain is not None:
            for field in inspect.type_info(kind.body).fields:  # type: ignore[attr-defined]
                assert not isinstance(
                    field.type, inspect.StructType | inspect.ListType | inspect.DictType
                )
