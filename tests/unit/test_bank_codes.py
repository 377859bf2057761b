"""Codes: six digits, bound to one payment, standing nowhere in clear."""

from uuid import UUID

import pytest

from payments.banks.codes import Binding, Codes

PAYMENT = Binding(UUID(int=7), 2000_00, "2mzp5")
CODES = Codes("pepper of this test")


def test_a_code_is_six_digits_and_the_same_at_every_repeat() -> None:
    code = CODES.code(PAYMENT)
    assert len(code) == 6
    assert code.isdecimal()
    assert Codes("pepper of this test").code(PAYMENT) == code


@pytest.mark.parametrize(
    "other",
    [
        Binding(UUID(int=8), 2000_00, "2mzp5"),
        Binding(UUID(int=7), 2000_01, "2mzp5"),
        Binding(UUID(int=7), 2000_00, "1ck3l"),
    ],
)
def test_a_code_fits_no_other_operation_amount_or_seller(other: Binding) -> None:
    code = CODES.code(PAYMENT)
    assert CODES.hash(other, code) != CODES.hash(PAYMENT, code)
    assert CODES.code(other) != code


def test_without_the_pepper_there_is_no_code() -> None:
    code = CODES.code(PAYMENT)
    assert Codes("another pepper").hash(PAYMENT, code) != CODES.hash(PAYMENT, code)
    assert Codes("another pepper").code(PAYMENT) != code


def test_leading_zeros_are_kept_and_all_digits_come_up() -> None:
    codes = [CODES.code(Binding(UUID(int=n), 1, "1a")) for n in range(2000)]
    assert {len(c) for c in codes} == {6}
    assert {c[0] for c in codes} == set("0123456789")
    assert len(set(codes)) > 1900


def test_operation_keys_do_not_show_the_payment() -> None:
    key = CODES.operation_key(PAYMENT.payment_id)
    assert len(key) == 32
    assert key not in PAYMENT.payment_id.hex
    assert CODES.operation_key(UUID(int=8)) != key


def test_nothing_secret_in_a_repr() -> None:
    assert "pepper of this test" not in repr(CODES)
