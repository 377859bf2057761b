"""What docs/events.md says about verifying works; Node's and Svix's run in `make test-clients`."""

from base64 import b64decode
from pathlib import Path

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from tests.clients.webhooks import BODY, Signed, by_hand, signed, snippet, write_programs


def verified(delivery: Signed, secret: str, body: str) -> object:
    """What the Python snippet gives."""
    names = {"secret": secret, "body": body, "headers": delivery.headers}
    exec(snippet("python"), names)  # noqa: S102 - our own document
    return names["event"]


def test_the_python_snippet_verifies_with_both_secrets() -> None:
    delivery = signed()
    for secret in delivery.secrets:
        event = verified(delivery, secret, BODY)
        assert isinstance(event, dict)
        assert event["id"] == "evt_1"


def test_it_refuses_what_is_not_ours() -> None:
    delivery = signed()
    with pytest.raises(WebhookVerificationError):
        verified(delivery, delivery.secrets[0], BODY.replace("evt_1", "evt_2"))
    with pytest.raises(WebhookVerificationError):
        verified(delivery, signed().secrets[0], BODY)


def test_the_signature_is_the_specification_s() -> None:
    delivery = signed()
    sent = [one.partition(",")[2] for one in delivery.headers["webhook-signature"].split()]
    assert [b64decode(one).hex() for one in sent] == [
        by_hand(secret, delivery) for secret in delivery.secrets
    ]


def test_the_programs_are_made_of_the_snippets(tmp_path: Path) -> None:
    write_programs(tmp_path)
    assert "new Webhook(secret).verify(body, headers)" in (tmp_path / "verify.mjs").read_text()
    compile((tmp_path / "verify.py").read_text(), "verify.py", "exec")
