"""`Idempotency-Key`.

The same client and key give the same operation id, for ever, on every endpoint and with every API
key of the client.
"""

import re
from typing import Final

from payments.http.auth import actor_of
from payments.http.services import HttpRequest, header_values
from payments.kernel.errors import InvalidRequest
from payments.operations.operation import IntentT, Operation
from payments.operations.submit import Request, fresh, keyed

REPLAYED: Final = (b"idempotency-replayed", b"true")
KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidIdempotencyKey(InvalidRequest):
    """An Idempotency-Key is 1 to 255 visible ASCII characters, given once."""

    status = 422
    code = "invalid_idempotency_key"


def key_of(request: HttpRequest) -> str | None:
    """The key of the request, None when there is none."""
    values = header_values(request, b"idempotency-key")
    if not values:
        return None
    if len(values) > 1:
        raise InvalidIdempotencyKey
    return checked_key(values[0])


def checked_key(key: str) -> str:
    """The key itself, when it is one."""
    if _KEY.fullmatch(key) is None:
        raise InvalidIdempotencyKey
    return key


def request_for(request: HttpRequest, operation: Operation[IntentT], intent: IntentT) -> Request:
    """The operation this request wants: its id derived from caller and key, or fresh without a key.

    The kind is not part of the id: the same key on another endpoint is a conflict, not another
    operation.
    """
    actor, key = actor_of(request), key_of(request)
    return (
        fresh(operation, intent, actor=actor.name)
        if key is None
        else keyed(operation, intent, actor=actor.name, key=key, also=actor.also)
    )
