"""`POST /v1/superpay/callbacks`: kept raw before anything else, answered before it is decided."""

from typing import Annotated, Any, Final, Literal, NoReturn

import msgspec
import structlog
from litestar import post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import writes
from payments.http.access import Access
from payments.http.auth import API_KEY, PUBLIC, actor_of
from payments.http.body import Body, read_body, read_raw
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import NotAuthenticated, NotFound, Unavailable
from payments.kernel.ids import parse_id
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.asking import ask_about
from payments.surfaces.superpay.bodies import glimpse
from payments.surfaces.superpay.config import SuperPaySurface
from payments.surfaces.superpay.drive import drive_now
from payments.surfaces.superpay.signature import TOLERANCE_S, why_refused

EVENT_ID_MAX: Final = 255
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
    """`status`: accepted, or duplicate for one that came before."""

    status: Literal["accepted", "duplicate"]


class CloseBody(Body, frozen=True, kw_only=True):
    """Why it needs nobody any more."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class CallbackClosed(msgspec.Struct):
    """A callback that a person has looked at."""

    callback_id: str
    state: Literal["closed"]


class BadCallback(NotAuthenticated):
    """The callback cannot be verified; `code` says what is wrong, `bad_signature` or another."""

    code = "bad_signature"
    challenge = "Signature"


@post(
    "/v1/superpay/callbacks",
    access=Access(PUBLIC, body=CallbackBody, headers=_HEADERS, answers={200: CallbackKept}),
)
async def receive_callback(request: HttpRequest) -> Reply:
    """A callback of SuperPay, signed as Standard Webhooks; 200 once kept, also for a copy.

    401 otherwise, with a code for each reason: `missing_headers`, `bad_timestamp`,
    `timestamp_out_of_tolerance`, `bad_event_id`, `bad_signature`.
    """
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
            await _keep_other(request, headers, raw)
        return json_reply({"status": "duplicate"})
    await drive_now(engine, service(request, Submitter), kept, now)
    return json_reply({"status": "accepted"})


async def _keep_other(request: HttpRequest, headers: dict[str, str], raw: bytes) -> None:
    """Another body under an id that was used: moves nothing, is kept, and SuperPay is asked."""
    engine, now = service(request, AsyncEngine), service(request, Time).now()
    merchant_id = glimpse(raw)
    await writes.keep_other(
        engine, SUPERPAY, headers["webhook-id"], headers, raw, merchant_id=merchant_id, now=now
    )
    _log.warning("callback_id_reused", event_id=headers["webhook-id"])
    await _ask(request, merchant_id)


async def _turn_away(
    request: HttpRequest, surface: SuperPaySurface, raw: bytes, reason: str
) -> NoReturn:
    """Write down a digest, ask the provider what is true, and answer 401."""
    _log.warning("callback_rejected", reason=reason)
    if surface.hints.may_follow():
        engine, now = service(request, AsyncEngine), service(request, Time).now()
        await writes.note_rejected(engine, SUPERPAY, raw, reason, now)
        await _ask(request, glimpse(raw))
    raise BadCallback(_SAYS[reason], code=reason)


async def _ask(request: HttpRequest, merchant_id: int | None) -> None:
    engine, now = service(request, AsyncEngine), service(request, Time).now()
    try:
        await ask_about(engine, service(request, Submitter), merchant_id, now)
    except Unavailable as error:
        # The answer to the sender does not depend on it, and the schedule asks as well.
        _log.warning("callback_not_followed_up", reason=error.code)


@post(
    "/v1/reconciliation/callbacks/{callback_id:str}/close",
    status_code=200,
    access=Access(API_KEY, OPERATE, body=CloseBody, answers={200: CallbackClosed}),
)
async def close_callback(request: HttpRequest, callback_id: FromPath[str]) -> Reply:
    """Say that a callback needs nobody any more, and why; it moves nothing and stays readable."""
    body = await read_body(request, CloseBody)
    await writes.close(
        service(request, AsyncEngine),
        parse_id(callback_id),
        by=actor_of(request).name,
        reason=body.reason,
        now=service(request, Time).now(),
    )
    return json_reply({"callback_id": callback_id, "state": "closed"})


HANDLERS: Final = (receive_callback, close_callback)
