"""Errors of requests that are refused before the application gets them, and their responses."""

from collections.abc import Callable
from typing import Any, cast

import httptools
from litestar.types import Receive, Scope, Send

from payments.http.errors import problem_reply
from payments.http.reply import Reply
from payments.kernel.errors import InvalidRequest, PaymentsError


class RequestTimeout(PaymentsError):
    """The rest of the request did not come in time."""

    status = 408
    code = "request_timeout"


class HeadTooLarge(PaymentsError):
    """The header of the request is larger than 64 KiB."""

    status = 431
    code = "header_too_large"


class UnknownFraming(PaymentsError):
    """The only transfer coding understood here is chunked, in HTTP/1.1."""

    status = 501
    code = "transfer_coding_not_supported"


def not_http(error: httptools.HttpParserError) -> InvalidRequest:
    return InvalidRequest(f"this is not HTTP/1.1: {error}", code="malformed_http")


def _reply(error: PaymentsError) -> Reply:
    return problem_reply(cast("Scope", {"type": "http", "path": "/"}), error)


def raw_answer(error: PaymentsError) -> bytes:
    reply = _reply(error)
    fields = [b"%b: %b" % header for header in (*reply.raw_headers, (b"connection", b"close"))]
    status = b"HTTP/1.1 %d %b" % (reply.status_code, error.code.encode())
    return b"\r\n".join([status, *fields, b"", reply.body])


def answering(error: PaymentsError) -> Callable[[Scope, Receive, Send], Any]:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await _reply(error)(scope, receive, send)

    return answer
