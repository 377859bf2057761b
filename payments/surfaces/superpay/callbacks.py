"""`POST /v1/superpay/callbacks`: kept raw before anything else, answered before it is decided."""

from typing import Final

import structlog
from litestar import post
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import inbox
from payments.http.access import access
from payments.http.auth import PUBLIC
from payments.http.body import read_raw
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import NotAuthenticated, NotFound
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.config import SuperPaySurface
from payments.surfaces.superpay.inbox import drive_now
from payments.surfaces.superpay.signing import why_refused
from payments.surfaces.superpay.wire import glimpse

EVENT_ID_MAX: Final = 255
_KEPT_HEADERS: Final = (
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "content-type",
    "user-agent",
)
_log = structlog.get_logger(__name__)


class BadCallback(NotAuthenticated):
    """The callback's signature cannot be verified."""

    code = "bad_signature"
    challenge = "Signature"


@post("/v1/superpay/callbacks", opt=access(PUBLIC))
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
    kept = await inbox.keep(engine, SUPERPAY, headers["webhook-id"], headers, raw, now)
    if not kept.is_new:
        return json_reply({"status": "duplicate"})
    await drive_now(engine, service(request, Submitter), kept, now)
    return json_reply({"status": "accepted"})


async def _turn_away(
    request: HttpRequest, surface: SuperPaySurface, raw: bytes, reason: str
) -> None:
    """Write down a digest, ask the provider what is true, and answer 401."""
    if surface.hints.may_follow():
        engine, now = service(request, AsyncEngine), service(request, Time).now()
        await inbox.note_rejected(engine, SUPERPAY, raw, reason, now)
        merchant_id = glimpse(raw)
        if merchant_id is not None:
            await surface.hints.follow(engine, service(request, Submitter), merchant_id)
    _log.warning("callback_rejected", reason=reason)
    raise BadCallback(reason.replace("_", " "))


HANDLERS: Final = (receive_callback,)
