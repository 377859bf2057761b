"""payments_client.webhooks agrees with the signatures that the product makes."""

from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

from payments.endpoints.sealing import new_endpoint_secret
from payments_client import BadWebhook, webhooks

AT = 1_790_000_000
BODY = (
    b'{"id":"evt_1","sequence":7,"type":"transfer.applied","operation_id":null,'
    b'"occurred_at":"2026-11-26T09:12:44.120332Z","client":"shop","data":{"amount":"2.50"}}'
)


def headers(secret: str, body: bytes = BODY, id_: str = "evt_1") -> dict[str, str]:
    signature = Webhook(secret).sign(id_, datetime.fromtimestamp(AT, UTC), body.decode())
    return {"Webhook-Id": id_, "webhook-timestamp": str(AT), "webhook-signature": signature}


def test_a_right_signature_gives_the_event() -> None:
    old, new = new_endpoint_secret(), new_endpoint_secret()
    for secret in (old, new):
        event = webhooks.verify(BODY, headers(secret), new, old, now=AT + 200)
        assert (event.sequence, event.type, event.data) == (
            7,
            "transfer.applied",
            {"amount": "2.50"},
        )


@pytest.mark.parametrize(
    "wrong", ["body", "id", "secret", "old", "early", "time", "version", "word"]
)
def test_anything_else_is_refused(wrong: str) -> None:
    secret = new_endpoint_secret()
    body, given, now = BODY, headers(secret), float(AT)
    match wrong:
        case "body":
            body += b" "
        case "id":
            given["Webhook-Id"] = "evt_2"
        case "secret":
            secret = new_endpoint_secret()
        case "old":
            now += 301
        case "early":
            now -= 301
        case "time":
            given["webhook-timestamp"] = "now"
        case "version":
            given["webhook-signature"] = given["webhook-signature"].replace("v1,", "v2,")
        case _:
            given["webhook-signature"] = "v1,%%% v1,"
    with pytest.raises(BadWebhook):
        webhooks.verify(body, given, secret, now=now)


def test_a_signed_body_of_another_kind_is_no_event() -> None:
    secret = new_endpoint_secret()
    with pytest.raises(BadWebhook):
        webhooks.verify(b"{}", headers(secret, b"{}"), secret, now=AT)
