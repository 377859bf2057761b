"""The stylesheet and the one small script."""

import hashlib
from importlib.resources import files
from typing import Final

from litestar import get
from litestar.params import FromPath

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply
from payments.kernel.errors import NotFound
from payments.surfaces.console.headers import SECURITY

_TYPES: Final = {
    "console.css": b"text/css; charset=utf-8",
    "console.js": b"text/javascript; charset=utf-8",
    "icon.svg": b"image/svg+xml",
}
_FILES: Final = {
    name: (files("payments.surfaces.console") / "static" / name).read_bytes() for name in _TYPES
}
VERSION: Final = hashlib.sha256(b"".join(_FILES.values())).hexdigest()[:12]
"""Stands in the address of each file, so that browsers may keep them."""


@get("/console/assets/{name:str}", access=Access(PUBLIC, is_documented=False))
async def asset(name: FromPath[str]) -> Reply:
    """A file of the console."""
    if name not in _FILES:
        raise NotFound
    reply = Reply(200, _FILES[name], SECURITY, _TYPES[name])
    reply.raw_headers = [
        (n, b"private, max-age=86400" if n == b"cache-control" else v) for n, v in reply.raw_headers
    ]
    return reply


HANDLERS: Final = (asset,)
