"""What a route declares about itself, in one call.

Who may use it, and what goes in and comes out (for OpenAPI).
"""

from collections.abc import Mapping
from typing import Any


def access(
    auth: str,
    scope: str | None = None,
    *,
    body: Any = None,
    query: Any = None,
    answers: Mapping[int, Any] | None = None,
    is_money: bool = False,
    body_max_bytes: int | None = None,
) -> dict[str, Any]:
    """The `opt` of a handler.

    `auth`: a scheme's name, or "public". `scope`: needed of API keys. `body`, `query`: the structs
    read by hand.
    `answers`: struct by status. `is_money`: the route takes `Idempotency-Key` and `Prefer`, and
    answers 201, 202 or a refusal.
    """
    return {
        "auth": auth,
        "scope": scope,
        "body": body,
        "query": query,
        "answers": answers or {},
        "is_money": is_money,
        "body_max_bytes": body_max_bytes,
    }
