"""A file in a `multipart/form-data` body, byte for byte."""

import re
from typing import Final

from payments.http.body import read_raw
from payments.http.services import HttpRequest, header
from payments.kernel.errors import InvalidBody

_TYPE: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r'boundary="?([^";,]{1,70})"?', re.IGNORECASE)
_IS_FILE: Final = re.compile(rb'(?i)content-disposition:[^\r\n]*;\s*filename="?')


async def read_upload(request: HttpRequest) -> bytes:
    """The body itself, or the one file of a form. Raises 422 `invalid_body`."""
    raw = await read_raw(request)
    kind = header(request, b"content-type") or ""
    if not kind.strip().lower().startswith(_TYPE):
        return raw
    boundary = _BOUNDARY.search(kind)
    parts = [] if boundary is None else raw.split(b"--" + boundary[1].encode("latin-1"))
    found = [
        content.removesuffix(b"\r\n")
        for part in parts
        for head, _, content in [part.partition(b"\r\n\r\n")]
        if _IS_FILE.search(head)
    ]
    if len(found) != 1:
        message = f"found {len(found)} files, expected one in the form"
        raise InvalidBody(message, errors=[{"field": "file", "message": message}])
    return found[0]
