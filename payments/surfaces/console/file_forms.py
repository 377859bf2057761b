"""Forms with a file (`multipart/form-data`): the fields as of other forms, the file byte for byte.

The file's name is text for the log, never a path: nothing here opens it.
"""

import re
from typing import Final, TypeVar

import msgspec

from payments.http.body import read_raw
from payments.http.services import HttpRequest, header
from payments.kernel.errors import InvalidBody
from payments.surfaces.console.forms import Form, check_token, convert_fields, read_form

_TYPE: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)
_NAME: Final = re.compile(rb'(?i);\s*name="([^"\r\n]{1,60})"')
_FILE: Final = re.compile(rb'(?i);\s*filename="([^"\r\n]*)"')
_FIELD_MAX: Final = 10_000
_FILE_NAME_MAX: Final = 200
_PARTS_MAX: Final = 20

FormT = TypeVar("FormT", bound=Form)


class Upload(msgspec.Struct, frozen=True):
    """A file as it was sent."""

    name: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Upload({len(self.raw)} bytes)"


async def read_upload(request: HttpRequest, type_: type[FormT]) -> tuple[FormT, Upload]:
    """The form and its one file. Raises 403 `forged_request`, 422 `invalid_body`."""
    kind = header(request, b"content-type") or ""
    if not kind.strip().lower().startswith(_TYPE):
        await read_form(request, type_)
        raise InvalidBody("Choose a file.")
    fields, files = _parts(await read_raw(request), _boundary(kind))
    check_token(request, fields.get("csrf", ""))
    form = convert_fields(fields, type_)
    if len(files) != 1 or not files[0].raw:
        raise InvalidBody("Choose one file that is not empty.")
    return form, files[0]


def _boundary(kind: str) -> bytes:
    boundary = _BOUNDARY.search(kind)
    if boundary is None:
        raise InvalidBody("the form cannot be read")
    return b"\r\n--" + boundary[1].encode("latin-1")


def _parts(raw: bytes, boundary: bytes) -> tuple[dict[str, str], list[Upload]]:
    fields: dict[str, str] = {}
    files = []
    parts = (b"\r\n" + raw).split(boundary, _PARTS_MAX)
    for part in parts[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not separator or name is None:
            continue  # the end, or a part without a name
        file = _FILE.search(head)
        if file is not None:
            files.append(Upload(_text(file[1])[:_FILE_NAME_MAX], content))
            continue
        field = _text(name[1])
        if field in fields or len(content) > _FIELD_MAX or b"\0" in content:
            raise InvalidBody(errors=[{"field": field, "message": "is not valid"}])
        fields[field] = _text(content).replace("\r\n", "\n").strip()
    return fields, files


def _text(raw: bytes) -> str:
    """Browsers write UTF-8; what is none, and controls, are replaced."""
    text = raw.decode("utf-8", "replace")
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)
