"""`POST /v1/superpay/callbacks`: stored raw before anything else, answered before it is decided."""

from typing import Annotated, Any, Final, Literal

import msgspec
import structlog
from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import writes
from payments.callbacks.writes import Delivery
from payments.http.access import Access
from payments.http.auth import API_KEY, PUBLIC, actor_of
from payments.http.body import Body, read_body, read_raw
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.kernel.errors import NotAuthenticated, NotFound
from payments.kernel.ids import parse_id
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.config import SuperPaySurface
from payments.surfaces.superpay.drive import receive, reject
from payments.surfaces.superpay.signature import EVENT_ID_MAX, TOLERANCE_S, signature_problem

OPERATE: Final = "reconciliation:write"
_KEPT_HEADERS: Final = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "user-agent",
)
_SAYS: Final = {
    "missing_headers": "webhook-id, webhook-timestamp and webhook-signature are needed",
    "bad_timestamp": "webhook-timestamp is Unix seconds, digits only",
    "timestamp_out_of_tolerance": (
        f"webhook-timestamp is more than {TOLERANCE_S} s away from our clock: "
        "sign each attempt anew"
    ),
    "bad_signature": (
        "no signature fits a live secret: webhook-signature is "
        "v1,<base64 HMAC-SHA256 of id.timestamp.body>"
    ),
    "bad_event_id": f"webhook-id has at most {EVENT_ID_MAX} characters",
}
_HEADERS: Final = {
    "webhook-id": "The event's, the same on every attempt.",
    "webhook-timestamp": f"Unix seconds of this attempt, at most {TOLERANCE_S} from now.",
    "webhook-signature": "`v1,<base64 HMAC-SHA256 of id.timestamp.body>`, or several.",
}
_log = structlog.get_logger(__name__)


class CallbackBody(msgspec.Struct):
    """`data`: the transaction as the status query shows it, docs/superpay/openapi.yaml."""

    type: str
    timestamp: str
    data: dict[str, Any]


class CallbackKept(msgspec.Struct):
    """`status`: accepted, or duplicate for a repeated delivery."""

    status: Literal["accepted", "duplicate"]


class CloseBody(Body, frozen=True, kw_only=True):
    """Why the callback needs no operator any more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class CallbackClosed(msgspec.Struct):
    """A callback closed by an operator."""

    callback_id: str
    state: Literal["closed"]


class BadCallback(NotAuthenticated):
    """The callback cannot be verified; `code` gives the reason, `bad_signature` or another."""

    code = "bad_signature"
    challenge = "Signature"


@post(
    "/v1/superpay/callbacks",
    access=Access(PUBLIC, body=CallbackBody, headers=_HEADERS, answers={200: CallbackKept}),
)
async def receive_callback(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    surface: NamedDependency[SuperPaySurface],
) -> Reply:
    """A callback of SuperPay, signed as in Standard Webhooks; 200 once stored, also for a
    duplicate.

    401 otherwise, with a code for each reason: `missing_headers`, `bad_timestamp`,
    `timestamp_out_of_tolerance`, `bad_event_id`, `bad_signature`.
    """
    raw = await read_raw(request)
    if not surface.callback_keys:
        raise NotFound("callbacks are switched off")
    headers = {n: v for n in _KEPT_HEADERS if (v := request.headers.get(n)) is not None}
    now = surface.clock()
    reason = signature_problem(surface.callback_keys, headers, raw, now.timestamp())
    if reason is not None:
        _log.warning("callback_rejected", reason=reason)
        if surface.follow_ups.may_follow():
            await reject(engine, submitter, raw, reason, now)
        raise BadCallback(_SAYS[reason], code=reason)
    delivery = Delivery(provider=SUPERPAY, event_id=headers["webhook-id"], headers=headers, raw=raw)
    is_new = await receive(engine, submitter, delivery, now)
    return json_reply({"status": "accepted" if is_new else "duplicate"})


@post(
    "/v1/reconciliation/callbacks/{callback_id:str}/close",
    status_code=200,
    access=Access(API_KEY, OPERATE, body=CloseBody, answers={200: CallbackClosed}),
)
async def close_callback(
    request: HttpRequest,
    callback_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Close a callback with a reason; it moves nothing and stays readable."""
    reason = (await read_body(request, CloseBody)).reason
    by, now = actor_of(request).name, clock.now()
    await writes.close(engine, parse_id(callback_id), by=by, reason=reason, now=now)
    return json_reply({"callback_id": callback_id, "state": "closed"})


HANDLERS: Final = (receive_callback, close_callback)
