"""Signatures of the provider's webhook: the assignment's SHA-1 rule, or HMAC-SHA256.

SHA-1 over a key and a text is weak (length extension, affordable collisions). Therefore it is
accepted on one route only, which can only credit, with a key used for nothing else, over fields
that are plain digits, and it can be switched off (ADR 0016).
"""

import hashlib

import msgspec

from payments.webhooks.signing import SigningKeys, is_same


class WebhookKey(msgspec.Struct, frozen=True):
    """The provider's keys, and whether SHA-1 signatures are accepted."""

    keys: SigningKeys
    is_sha1_on: bool = True

    def is_sha1(self, signature: str, signed: tuple[str, str, str, str]) -> bool:
        """True when SHA-1 is accepted and the signature matches the four texts."""
        right = [is_same(signature, sha1_signature(key, *signed)) for key in self.keys.texts]
        return self.is_sha1_on and any(right)


def sha1_signature(key: str, transaction_id: str, user_id: str, bill_id: str, amount: str) -> str:
    """The assignment's rule; each value is its text in the JSON."""
    text = f"{key}:{transaction_id}:{user_id}:{bill_id}:{amount}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's rule, see above
