"""Confirmation codes: six digits that are never stored in the stream, the database or a log.

A code is derived: HMAC-SHA256 with the pepper as key over the payment's operation id, amount and
seller. The executor computes it for the mail; without the pepper nobody can, and the code is valid
for no other operation, amount or seller. The database and the confirmation's intent hold a second
HMAC over the same binding and the six digits.
"""

import hashlib
import hmac
from typing import Final
from uuid import UUID

import msgspec

DIGITS: Final = 6
_KEY_CHARACTERS: Final = 32


class Binding(msgspec.Struct, frozen=True):
    """What a code confirms: this payment, this amount, this seller."""

    payment_id: UUID
    minor: int
    seller_number: str

    def text(self) -> bytes:
        """Unambiguous, because only the last part can contain the separator."""
        return f"{self.payment_id}\x1f{self.minor}\x1f{self.seller_number}".encode()


class Codes:
    """Computes codes and their hashes. Its repr does not show the pepper."""

    def __init__(self, pepper: str) -> None:
        """`pepper` is PAYMENTS_CODE_PEPPER; the API and the executor must have the same."""
        self._pepper = pepper.encode()

    def code(self, binding: Binding) -> str:
        """The six digits. 2^256 is so much larger than 10^6 that the remainder is not biased."""
        number = int.from_bytes(self._mac(b"bank code", binding.text()))
        return f"{number % 10**DIGITS:0{DIGITS}d}"

    def hash(self, binding: Binding, code: str) -> bytes:
        """The hash of a code, right or wrong; only the mail and the request contain the code."""
        return self._mac(b"bank code hash", binding.text() + b"\x1f" + code.encode())

    def operation_key(self, payment_id: UUID) -> str:
        """A key that cannot be guessed; a repeated request gets the same."""
        return self._mac(b"bank operation key", payment_id.bytes).hex()[:_KEY_CHARACTERS]

    def _mac(self, purpose: bytes, text: bytes) -> bytes:
        return hmac.new(self._pepper, purpose + b"\x00" + text, hashlib.sha256).digest()
