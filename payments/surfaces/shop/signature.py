"""Signatures of the provider's webhook: the seed's SHA-1 rule, contained, or HMAC-SHA256.

SHA-1 over a key and a text is weak (its length can be extended, collisions can be bought), so it
opens this one route only, which can only credit, with a key used for nothing else, over fields
that are plain digits; and it can be switched off.
"""

import hashlib

import msgspec

from payments.webhooks.signing import SigningKeys, is_same


class WebhookKey(msgspec.Struct, frozen=True):
    """The provider's keys, and whether the SHA-1 rule counts."""

    keys: SigningKeys
    is_sha1_on: bool = True

    def is_sha1(self, signature: str, signed: tuple[str, str, str, str]) -> bool:
        """True when the rule counts and the signature is that of the four texts."""
        right = [is_same(signature, sha1_signature(key, *signed)) for key in self.keys.texts]
        return self.is_sha1_on and any(right)


def sha1_signature(key: str, transaction_id: str, user_id: str, bill_id: str, amount: str) -> str:
    """The seed's rule, over the text each value has in the JSON."""
    text = f"{key}:{transaction_id}:{user_id}:{bill_id}:{amount}"
    return hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's rule, see above
