"""Confirmation codes: six digits that stand nowhere, not in the stream, the database or a log.

A code is not drawn and kept but derived: HMAC-SHA256 under the pepper over the payment's operation
id, amount and seller. So the executor can compute it for the mail, nobody without the pepper can,
and it fits no other operation, amount or seller. What is stored, and what a confirmation carries
through the stream, is a second HMAC over the same binding and the six digits.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

import msgspec

DIGITS: Final = 6
_KEY_CHARACTERS: Final = 32


class Binding(msgspec.Struct, frozen=True):
    """What a code is good for: this payment, this amount, this seller."""

    payment_id: UUID
    minor: int
    seller_number: str

    def text(self) -> bytes:
        """Unambiguous: the number is the last part and the others have no separator in them."""
        return f"{self.payment_id}\x1f{self.minor}\x1f{self.seller_number}".encode()


class Codes:
    """Makes codes and their hashes. Its repr shows nothing."""

    def __init__(self, pepper: str) -> None:
        """`pepper` is PAYMENTS_CODE_PEPPER, the same in the API and in the executor."""
        self._pepper = pepper.encode()

    def code(self, binding: Binding) -> str:
        """The six digits. Beside 2^256 a million is so small that the remainder favours no code."""
        number = int.from_bytes(self._mac(b"bank code", binding.text()))
        return f"{number % 10**DIGITS:0{DIGITS}d}"

    def hash(self, binding: Binding, code: str) -> bytes:
        """What stands for a code, right or wrong, everywhere but in the mail and in the request."""
        return self._mac(b"bank code hash", binding.text() + b"\x1f" + code.encode())

    def operation_key(self, payment_id: UUID) -> str:
        """A key nobody can guess, the same at every repeat of a request."""
        return self._mac(b"bank operation key", payment_id.bytes).hex()[:_KEY_CHARACTERS]

    def _mac(self, purpose: bytes, text: bytes) -> bytes:
        return hmac.new(self._pepper, purpose + b"\x00" + text, hashlib.sha256).digest()
