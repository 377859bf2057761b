"""`Idempotency-Key`: client and key determine the operation id.

The id does not depend on the endpoint or on which of the client's API keys is used, and never
expires.
"""

import re
from typing import Final

from payments.http.auth import actor_of
from payments.http.services import HttpRequest, header_values
from payments.kernel.errors import InvalidRequest
from payments.kernel.ids import OperationId, derived_id
from payments.operations.operation import IntentT, Operation
from payments.operations.submit import Request, fresh, keyed

REPLAYED: Final = (b"idempotency-replayed", b"true")
KEY_PATTERN: Final = r"^[\x21-\x7e]{1,255}$"
_SCOPE: Final = "key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


class InvalidIdempotencyKey(InvalidRequest):
    """An Idempotency-Key is 1 to 255 visible ASCII characters, given once."""

    status = 422
    code = "invalid_idempotency_key"


def key_of(request: HttpRequest) -> str | None:
    """The request's key, or None."""
    values = header_values(request, b"idempotency-key")
    if not values:
        return None
    if len(values) > 1:
        raise InvalidIdempotencyKey
    return checked_key(values[0])


def checked_key(key: str) -> str:
    """The key. Raises `InvalidIdempotencyKey`."""
    if _KEY.fullmatch(key) is None:
        raise InvalidIdempotencyKey
    return key


def id_of_key(actor: str, key: str) -> OperationId:
    """The id of the operation that a caller's key stands for."""
    return derived_id(_SCOPE, actor, key)


def request_for(request: HttpRequest, operation: Operation[IntentT], intent: IntentT) -> Request:
    """The operation request; its id is derived from caller and key, or new without a key.

    The kind is not part of the id, so that the same key on another endpoint is a conflict.
    """
    actor, key = actor_of(request), key_of(request)
    return (
        fresh(operation, intent, actor=actor.name)
        if key is None
        else keyed(operation, intent, actor=actor.name, key=key, scope=_SCOPE, also=actor.also)
    )
