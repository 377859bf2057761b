"""The OpenAPI document and Swagger UI, served from the installed package so that they
work offline.
"""

from http import HTTPStatus
from importlib.resources import files
from typing import Any, Final

import msgspec
from litestar import get
from litestar.params import FromPath

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.openapi import document_of
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.http.serving import for_operators
from payments.kernel.errors import NotFound

DOCUMENT_PATH: Final = "/schema/openapi.json"

_ASSETS: Final = {
    "swagger-ui.css": b"text/css",
    "swagger-ui-bundle.js": b"text/javascript",
    "favicon-32x32.png": b"image/png",
}
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Payments API</title>
<link rel="stylesheet" href="/schema/assets/swagger-ui.css">
<link rel="icon" type="image/png" href="/schema/assets/favicon-32x32.png"></head>
<body><div id="swagger-ui"></div>
<script src="/schema/assets/swagger-ui-bundle.js"></script>
<script src="/schema/assets/start.js"></script></body></html>
"""
_START: Final = (
    b'SwaggerUIBundle({url:"/schema/openapi.json",dom_id:"#swagger-ui",deepLinking:true,validatorUrl:null,'
    b"persistAuthorization:false,queryConfigEnabled:false});"
)
_POLICY: Final = (
    b"content-security-policy",
    b"; ".join(
        (
            b"default-src 'none'",
            b"script-src 'self'",
            b"style-src 'self' 'unsafe-inline'",
            b"img-src 'self' data:",
            b"connect-src 'self'",
            b"frame-ancestors 'none'",
        )
    ),
)


@get(DOCUMENT_PATH, access=Access(PUBLIC, answers={200: dict[str, Any]}), guards=[for_operators])
async def openapi(request: HttpRequest) -> Reply:
    """The OpenAPI 3.1 document of every route."""
    return Reply(HTTPStatus.OK, msgspec.json.encode(document_of(request.app)))


@get(
    "/schema",
    access=Access(PUBLIC, answers={200: str}, media_type="text/html"),
    guards=[for_operators],
)
async def page() -> Reply:
    """Swagger UI."""
    return Reply(HTTPStatus.OK, _PAGE.encode(), (_POLICY,), b"text/html; charset=utf-8")


@get(
    "/schema/assets/{name:str}",
    access=Access(PUBLIC, answers={200: str}, media_type="*/*"),
    guards=[for_operators],
)
async def asset(name: FromPath[str]) -> Reply:
    """A file of Swagger UI."""
    if name == "start.js":
        return Reply(HTTPStatus.OK, _START, media_type=b"text/javascript")
    media_type = _ASSETS.get(name)
    if media_type is None:
        raise NotFound
    return Reply(
        HTTPStatus.OK, (files("swagger_ui") / "static" / name).read_bytes(), media_type=media_type
    )


HANDLERS: Final = (openapi, page, asset)
