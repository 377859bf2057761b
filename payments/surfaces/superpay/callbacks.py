"""`POST /v1/superpay/callbacks`: kept raw before anything else, answered before it is decided."""

from typing import Any, Final, Literal, NoReturn

import msgspec
import structlog
from litestar import post
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import writes
from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.body import read_raw
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import NotAuthenticated, NotFound
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.bodies import glimpse
from payments.surfaces.superpay.config import SuperPaySurface
from payments.surfaces.superpay.drive import drive_now
from payments.surfaces.superpay.signature import TOLERANCE_S, why_refused

EVENT_ID_MAX: Final = 255
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
    """`status`: accepted, or duplicate for one that came before."""

    status: Literal["accepted", "duplicate"]


class BadCallback(NotAuthenticated):
    """The callback's signature cannot be verified."""

    code = "bad_signature"
    challenge = "Signature"


@post(
    "/v1/superpay/callbacks",
    access=Access(PUBLIC, body=CallbackBody, headers=_HEADERS, answers={200: CallbackKept}),
)
async def receive_callback(request: HttpRequest) -> Reply:
    """A callback of SuperPay, signed as Standard Webhooks; 200 once kept, also for a copy."""
    raw = await read_raw(request)
    headers = {n: v for n in _KEPT_HEADERS if (v := request.headers.get(n)) is not None}
    surface = service(request, SuperPaySurface)
    if not surface.callback_keys:
        raise NotFound("callbacks are switched off")
    now = service(request, Time).now()
    refused = why_refused(surface.callback_keys, headers, raw, now.timestamp())
    if refused or len(headers["webhook-id"]) > EVENT_ID_MAX:
        await _turn_away(request, surface, raw, refused or "bad_event_id")
    engine = service(request, AsyncEngine)
    kept = await writes.keep(engine, SUPERPAY, headers["webhook-id"], headers, raw, now)
    if not kept.is_new:
        if kept.raw != raw:
            await _doubt(request, surface, raw, "event_id_reused")
        return json_reply({"status": "duplicate"})
    await drive_now(engine, service(request, Submitter), kept, now)
    return json_reply({"status": "accepted"})


async def _turn_away(
    request: HttpRequest, surface: SuperPaySurface, raw: bytes, reason: str
) -> NoReturn:
    """Ask the provider what is true, and answer 401."""
    await _doubt(request, surface, raw, reason)
    raise BadCallback(_SAYS[reason])


async def _doubt(request: HttpRequest, surface: SuperPaySurface, raw: bytes, reason: str) -> None:
    """Write down a digest, and ask the provider what is true."""
    if surface.hints.may_follow():
        engine, now = service(request, AsyncEngine), service(request, Time).now()
        await writes.note_rejected(engine, SUPERPAY, raw, reason, now)
        merchant_id = glimpse(raw)
        if merchant_id is not None:
            await surface.hints.follow(engine, service(request, Submitter), merchant_id)
    _log.warning("callback_rejected", reason=reason)


HANDLERS: Final = (receive_callback,)
