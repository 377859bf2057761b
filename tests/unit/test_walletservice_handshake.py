"""Handshakes: unguessable, and good for one operation of one user."""

import re

import pytest

from payments.surfaces.walletservice.handshake import (
    Service,
    find_operation,
    keyed_handshake,
    new_handshake,
)


def test_it_leads_to_its_operation_and_to_no_other() -> None:
    made = new_handshake(Service.WALLET, 1)
    assert re.fullmatch(r"[0-9a-f]{64}", made.text)
    assert find_operation(Service.WALLET, 1, made.text) == made.operation_id
    others = {
        find_operation(Service.WALLET, 2, made.text),
        find_operation(Service.WALLET, None, made.text),
        find_operation(Service.TRANSACTION, 1, made.text),
        find_operation(Service.WALLET, 1, made.text[:-1] + ("0" if made.text[-1] != "0" else "1")),
    }
    assert len(others) == 4
    assert made.operation_id not in others


def test_none_is_like_another_and_operations_stay_in_order() -> None:
    made = [new_handshake(Service.TRANSACTION, 1) for _ in range(50)]
    assert len({m.text for m in made}) == 50
    assert len({m.text[32:] for m in made}) == 50
    times = [m.operation_id.int >> 80 for m in made]
    assert times == sorted(times)
    assert all(m.operation_id.version == 7 for m in made)


def test_a_key_gives_the_same_handshake_again() -> None:
    made = keyed_handshake(Service.WALLET, 1, "key:a", "k")
    assert made == keyed_handshake(Service.WALLET, 1, "key:a", "k")
    assert find_operation(Service.WALLET, 1, made.text) == made.operation_id
    others = [
        keyed_handshake(Service.TRANSACTION, 1, "key:a", "k"),
        keyed_handshake(Service.WALLET, 2, "key:a", "k"),
        keyed_handshake(Service.WALLET, 1, "key:b", "k"),
        keyed_handshake(Service.WALLET, 1, "key:a", "l"),
    ]
    assert len({o.text for o in others} | {made.text}) == 5


@pytest.mark.parametrize("text", ["", "zz", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n"])
def test_other_text_is_no_handshake(text: str) -> None:
    assert find_operation(Service.WALLET, 1, text) is None


def test_its_repr_hides_it() -> None:
    made = new_handshake(Service.WALLET, 1)
    assert made.text not in repr(made)
