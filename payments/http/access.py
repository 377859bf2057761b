"""What a route declares about itself, in one call.

Who may use it, and what goes in and comes out (for OpenAPI).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from payments.operations.outcome import Reason


def access(
    auth: str,
    scope: str | None = None,
    *,
    body: Any = None,
    query: Any = None,
    headers: Mapping[str, str] | None = None,
    answers: Mapping[int, Any] | None = None,
    is_money: bool = False,
    takes_key: bool = False,
    waits: bool = False,
    body_max_bytes: int | None = None,
    may_be_empty: bool = False,
    refusals: Iterable[Reason] | None = None,
) -> dict[str, Any]:
    """The `opt` of a handler.

    `auth`: a scheme's name, or "public". `scope`: needed of API keys. `body`, `query`: the structs
    read by hand.
    `headers`: what each further one that it reads is for. `answers`: struct by status, None for an
    answer without body. `is_money`: the route takes `Idempotency-Key` and `Prefer`, and
    answers 201, 202 or a refusal; `takes_key`, `waits`: one of the two headers, no more.
    `may_be_empty`: the body may be left out. `refusals`: what a waited outcome may be.
    """
    return {
        "auth": auth,
        "scope": scope,
        "body": body,
        "query": query,
        "headers": headers or {},
        "answers": answers or {},
        "is_money": is_money,
        "takes_key": takes_key,
        "waits": waits,
        "body_max_bytes": body_max_bytes,
        "may_be_empty": may_be_empty,
        "refusals": refusals,
    }
