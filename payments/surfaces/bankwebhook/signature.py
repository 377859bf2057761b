"""Authenticates the bank by `X-Signature: v2=<hex HMAC-SHA256 over the raw body>`."""

from typing import Final

from litestar import Request

from payments.bankpayments.receive import ACTOR
from payments.http.auth import Actor, Scheme
from payments.http.body import read_raw
from payments.http.services import Connection, header
from payments.webhooks.recording import BANK, on_record
from payments.webhooks.signing import HEADER, BadSignature, SigningKeys

SECURITY: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "X-Signature",
    "description": "v2=<hex HMAC-SHA256 over the raw body>",
}
_BANK: Final = Actor(ACTOR)


class BankSignature:
    """Authenticates the bank. With no secret every caller passes; production requires one."""

    def __init__(self, keys: SigningKeys) -> None:
        """`keys`: shared with the bank and used for nothing else."""
        self._keys = keys

    def __repr__(self) -> str:
        return "BankSignature(***)"

    async def __call__(self, connection: Connection) -> Actor:
        """The bank as actor. Raises 403 `bad_signature` and records it."""
        if not self._keys:
            return _BANK
        if not isinstance(connection, Request):
            raise BadSignature
        raw = await read_raw(connection)
        if not self._keys.is_v2(header(connection, HEADER), raw):
            async with on_record(connection, BANK, raw):
                raise BadSignature
        return _BANK


def scheme(secrets: str) -> Scheme:
    """The scheme of the webhook's route."""
    keys = SigningKeys(secrets)
    return Scheme(BankSignature(keys), SECURITY if keys else None)
