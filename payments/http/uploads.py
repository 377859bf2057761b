"""Routes that take a file as their body: one limit for all, declared and enforced."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import post

from payments.http.access import Access, Takes
from payments.http.auth import API_KEY

FILE_MAX_BYTES: Final = 64 * 1024 * 1024


def post_file(
    path: str,
    scope: str,
    *,
    query: type[msgspec.Struct],
    uploads: Mapping[str, Any],
    answers: Mapping[int, Any],
    takes: Takes | None = None,
) -> post:
    """The decorator of a route of the API; `uploads`: type by media type of the body."""
    access = Access(
        API_KEY,
        scope,
        takes=takes,
        query=query,
        uploads=uploads,
        answers=answers,
        body_max_bytes=FILE_MAX_BYTES,
    )
    return post(path, access=access, request_max_body_size=FILE_MAX_BYTES)
