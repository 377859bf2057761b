"""What an answer of SuperPay amounts to, a row a kind; what is not named is unknown."""

import json
import ssl

import httpx
import pytest

from payments.kernel.clock import utc_now
from payments.payouts.status import Claim
from payments.surfaces.superpay.client import SuperPayClient, SuperPayConfig
from payments.surfaces.superpay.replies import Answer, of_failure, of_response

JSON = "application/json"


def error(code: str, fate: tuple[bool, str], transaction_id: str | None = None) -> bytes:
    """An error body."""
    definitive, money_moved = fate
    body = {"code": code, "definitive": definitive, "money_moved": money_moved}
    return json.dumps({"error": {**body, "transaction_id": transaction_id}}).encode()


REFUSED, AT_THE_DOOR, UNKNOWN = (True, "no"), (False, "no"), (False, "unknown")


@pytest.mark.parametrize(
    ("status", "code", "fate", "claim"),
    [
        (422, "wallet_not_found", REFUSED, Claim.FAILED),
        (402, "insufficient_merchant_funds", REFUSED, Claim.FAILED),
        (413, "malformed_request", REFUSED, Claim.FAILED),
        (429, "rate_limited", AT_THE_DOOR, Claim.NOT_SENT),
        (503, "service_unavailable", AT_THE_DOOR, Claim.NOT_SENT),
        (401, "invalid_signature", AT_THE_DOOR, Claim.NOT_SENT),
        (409, "merchant_id_reused", (True, "unknown"), Claim.CONFLICT),
        (404, "transaction_not_found", UNKNOWN, Claim.NOT_FOUND),
        (500, "internal_error", UNKNOWN, Claim.AMBIGUOUS),
        # Not in the document, or against it:
        (422, "brand_new_code", REFUSED, Claim.AMBIGUOUS),
        (502, "wallet_not_found", REFUSED, Claim.AMBIGUOUS),
        (422, "wallet_not_found", UNKNOWN, Claim.AMBIGUOUS),
        (503, "service_unavailable", UNKNOWN, Claim.AMBIGUOUS),
        (500, "rate_limited", AT_THE_DOOR, Claim.AMBIGUOUS),
    ],
)
def test_errors(status: int, code: str, fate: tuple[bool, str], claim: Claim) -> None:
    answer = of_response(status, JSON, error(code, fate))
    assert (answer.claim, answer.sighting) == (claim, None)


def test_a_code_that_no_column_takes_is_still_evidence() -> None:
    answer = of_response(422, JSON, error("a\0b", REFUSED))
    assert (answer.claim, answer.code) == (Claim.AMBIGUOUS, "ab")


def test_a_recorded_refusal_says_so() -> None:
    body = error("wallet_blocked", REFUSED, "sp_1")
    assert of_response(422, JSON, body).is_recorded
    assert not of_response(422, JSON, error("wallet_blocked", REFUSED)).is_recorded


TRANSACTION = {
    "transaction_id": "sp_1",
    "merchant_id": 7,
    "type": "payout",
    "status": "created",
    "version": 1,
    "amount": 22.3,
    "currency": "USD",
    "wallet_id": "W-1",
    "something_new": {"is": "ignored"},
}


def test_a_transaction_is_seen_with_exact_digits() -> None:
    answer = of_response(201, f"{JSON}; charset=utf-8", json.dumps(TRANSACTION).encode())
    assert answer.sighting is not None
    assert (answer.sighting.minor, answer.sighting.currency) == (2230, "USD")
    as_text = of_response(200, JSON, json.dumps({**TRANSACTION, "amount": "22.30"}).encode())
    assert as_text.sighting == answer.sighting


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", b"<h1>We will be right back</h1>"),
        ("", json.dumps(TRANSACTION).encode()),
        (JSON, b""),
        (JSON, b"null"),
        (JSON, b'{"transaction_id":"sp_1"'),
        (JSON, b"[" * 100_000),
        (JSON, json.dumps({**TRANSACTION, "amount": 1e300}).encode()),
        (JSON, json.dumps({**TRANSACTION, "amount": "NaN"}).encode()),
        (JSON, json.dumps({**TRANSACTION, "currency": "???"}).encode()),
        (JSON, json.dumps({**TRANSACTION, "version": 0}).encode()),
        (JSON, json.dumps({**TRANSACTION, "transaction_id": ""}).encode()),
    ],
)
@pytest.mark.parametrize("status", [200, 201])
def test_a_success_that_cannot_be_read_is_unknown(
    status: int, media_type: str, body: bytes
) -> None:
    answer = of_response(status, media_type, body)
    assert (answer.claim, answer.sighting) == (Claim.AMBIGUOUS, None)


@pytest.mark.parametrize("status", [204, 301, 302, 307, 400, 404, 409, 422, 500, 502, 503, 504])
def test_without_the_documents_body_a_status_says_nothing(status: int) -> None:
    assert of_response(status, JSON, b"{}").claim is Claim.AMBIGUOUS
    assert of_response(status, "text/html", b"x").claim is Claim.AMBIGUOUS


@pytest.mark.parametrize(
    ("failure", "claim"),
    [
        (httpx.ConnectError("refused"), Claim.NOT_SENT),
        (httpx.ConnectTimeout("slow"), Claim.NOT_SENT),
        (httpx.ReadTimeout("slow"), Claim.AMBIGUOUS),
        (httpx.WriteTimeout("slow"), Claim.AMBIGUOUS),
        (httpx.ReadError("cut"), Claim.AMBIGUOUS),
        (httpx.WriteError("cut"), Claim.AMBIGUOUS),
        (httpx.RemoteProtocolError("cut"), Claim.AMBIGUOUS),
        (httpx.DecodingError("gzip"), Claim.AMBIGUOUS),
        (TimeoutError(), Claim.AMBIGUOUS),
        (ssl.SSLError("odd"), Claim.AMBIGUOUS),
    ],
)
def test_only_what_failed_before_the_first_byte_was_not_sent(
    failure: Exception, claim: Claim
) -> None:
    assert of_failure(failure).claim is claim


def test_the_default_is_unknown() -> None:
    assert Answer().claim is Claim.AMBIGUOUS


async def test_a_connection_that_the_loop_closed_leaves_the_fate_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = SuperPayConfig(
        base_url="http://provider.invalid", api_key="k", signing_secret=f"whsec_{'A' * 44}"
    )
    client = SuperPayClient(config, utc_now)

    async def send(*_: object, **__: object) -> httpx.Response:
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    monkeypatch.setattr(client._http, "send", send)
    answer = await client.transaction(1)
    await client.close()
    assert (answer.claim, answer.code) == (Claim.AMBIGUOUS, "connection_lost")
