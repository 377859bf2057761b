"""`X-Signature: v2=<hex HMAC-SHA256 over the raw body>`: the bank proves who it is."""

import hashlib
import hmac
from typing import Final

from litestar import Request

from payments.bankpayments.receive import ACTOR
from payments.http.auth import Actor, Scheme
from payments.http.body import read_raw
from payments.http.services import Connection, header
from payments.kernel.errors import NotAllowed

HEADER: Final = b"x-signature"
VERSION: Final = "v2="
SECURITY: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Signature",
    "description": "v2=<hex HMAC-SHA256 over the raw body>",
}
BANK: Final = Actor(ACTOR)


class BadSignature(NotAllowed):
    """The signature is missing or wrong."""

    code = "bad_signature"


def sign(secret: bytes, body: bytes) -> str:
    """The header's value for a body."""
    return VERSION + hmac.new(secret, body, hashlib.sha256).hexdigest()


class BankSignature:
    """Authenticates the bank. Without a secret anybody is: production refuses to start so."""

    def __init__(self, secret: str) -> None:
        """`secret` is shared with the bank and used for nothing else."""
        self._secret = secret.encode()

    def __repr__(self) -> str:
        return "BankSignature(***)"

    async def __call__(self, connection: Connection) -> Actor:
        """The bank. Raises 403 `bad_signature`."""
        if not self._secret:
            return BANK
        if not isinstance(connection, Request):
            raise BadSignature
        wanted = sign(self._secret, await read_raw(connection)).encode()
        given = (header(connection, HEADER) or "").encode("utf-8", "replace")
        if not hmac.compare_digest(wanted, given):
            raise BadSignature
        return BANK


def scheme(secret: str) -> Scheme:
    """The scheme of the webhook's route."""
    return Scheme(BankSignature(secret), SECURITY if secret else None)
