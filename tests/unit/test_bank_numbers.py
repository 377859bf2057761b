"""Numbers of bank accounts."""

import pytest

from payments.banks.open_account import is_number_of, new_number
from payments.banks.token import digest_of, new_key


def test_a_number_is_the_bank_and_five_random_bytes() -> None:
    numbers = {new_number(17) for _ in range(100)}
    assert len(numbers) == 100
    for number in numbers:
        assert number.startswith("17")
        assert len(bytes.fromhex(number[2:])) == 5
        assert is_number_of(number, 17)


@pytest.mark.parametrize(
    ("number", "bank_id", "is_valid"),
    [
        ("1xf3g", 1, True),
        ("2mzp5", 2, True),
        ("3fj5#", 3, True),
        ("4csjp%*", 4, True),
        ("1xf3g", 2, False),
        ("1", 1, False),
        ("1 x", 1, False),
        ("1x\n", 1, False),
        ("1ж", 1, False),
        ("1" * 65, 1, False),
    ],
)
def test_the_seeds_shorter_numbers_are_valid(number: str, bank_id: int, *, is_valid: bool) -> None:
    assert is_number_of(number, bank_id) is is_valid


def test_keys_are_random_and_kept_as_a_hash() -> None:
    key = new_key()
    assert key != new_key()
    assert len(key) == 46
    assert len(digest_of(key)) == 32
