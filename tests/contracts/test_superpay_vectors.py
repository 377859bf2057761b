"""The signature vectors, recomputed, and kept by the simulator and the reference library."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from payments_tools.simulator.signing import matches, request_payload, sign
from tests.contracts.superpay_documents import DOCS
from tests.contracts.superpay_simulator import REQUEST_SECRET, running

VECTORS: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text())
SPECIFICATION = (DOCS / "specification.md").read_text()
REQUESTS = {one["name"]: one for one in VECTORS["requests"]}
CALLBACKS = {one["name"]: one for one in VECTORS["callbacks"]}
REJECTED = {one["name"]: one for one in VECTORS["rejected"]}


@pytest.mark.parametrize(
    "vector", [*REQUESTS.values(), *CALLBACKS.values()], ids=lambda v: v["name"]
)
def test_digests_follow_from_key_and_bytes(vector: dict[str, Any]) -> None:
    key = base64.b64decode(vector["secret"].removeprefix("whsec_"))
    assert key.hex() == vector["key_hex"]
    content = f"{vector['id']}.{vector['timestamp']}.{vector['payload']}".encode()
    assert (
        content == vector["signed_content"].encode() == bytes.fromhex(vector["signed_content_hex"])
    )
    digest = hmac.new(key, content, hashlib.sha256).digest()
    assert digest.hex() == vector["digest_hex"]
    signature = "v1," + base64.b64encode(digest).decode()
    moment = datetime.fromtimestamp(vector["timestamp"], UTC)
    arguments = (vector["secret"], vector["id"], vector["timestamp"], vector["payload"].encode())
    assert sign(*arguments) == signature
    assert Webhook(vector["secret"]).sign(vector["id"], moment, vector["payload"]) == signature
    headers = vector["headers"]
    given = headers.get("superpay-signature") or headers["webhook-signature"]
    assert signature in given.split(" ")


@pytest.mark.parametrize("vector", REQUESTS.values(), ids=REQUESTS)
def test_a_request_signs_method_target_and_body(vector: dict[str, Any]) -> None:
    payload = request_payload(vector["method"], vector["target"], vector["body"].encode())
    assert payload == vector["payload"].encode()


@pytest.mark.parametrize("vector", REQUESTS.values(), ids=REQUESTS)
async def test_the_simulator_takes_the_requests_byte_for_byte(
    vector: dict[str, Any], tmp_path: Path
) -> None:
    then = datetime.fromtimestamp(vector["timestamp"], UTC)
    assert vector["secret"] == REQUEST_SECRET
    key = vector["headers"]["superpay-key"]
    async with running(tmp_path, clock=lambda: then, api_key=key) as sandbox:
        answer = await sandbox.http.request(
            vector["method"],
            vector["target"],
            content=vector["body"].encode() or None,
            headers=vector["headers"],
        )
        expected = {"POST": 201, "GET": 200 if "registry" in vector["target"] else 404}
        assert answer.status_code == expected[vector["method"]], answer.text


@pytest.mark.parametrize("vector", CALLBACKS.values(), ids=CALLBACKS)
def test_callbacks_to_accept(vector: dict[str, Any]) -> None:
    assert verdict(vector) == "accepted"


@pytest.mark.parametrize("vector", REJECTED.values(), ids=REJECTED)
def test_callbacks_to_refuse(vector: dict[str, Any]) -> None:
    assert verdict(vector) == vector["reason"]


@pytest.mark.parametrize("name", ["payout", "payout paid"])
def test_the_worked_examples_of_the_document_are_these_vectors(name: str) -> None:
    vector = (REQUESTS | CALLBACKS)[name]
    headers = vector["headers"]
    signature = headers.get("superpay-signature") or headers["webhook-signature"]
    for piece in (vector["secret"], vector["key_hex"], vector["digest_hex"], signature):
        assert piece in SPECIFICATION
    assert vector["body"] in SPECIFICATION
    first_line = vector["signed_content"].partition("\n")[0]
    assert first_line in SPECIFICATION


def verdict(vector: dict[str, Any]) -> str:
    """What a receiver says by §6: "accepted", or what was wrong first: "timestamp", "signature"."""
    headers = vector["headers"]
    stamp = headers["webhook-timestamp"]
    if not stamp.isdecimal() or abs(vector["now"] - int(stamp)) > VECTORS["tolerance_s"]:
        return "timestamp"
    good = matches(
        tuple(vector["accepting_secrets"]),
        headers.get("webhook-signature", ""),
        headers["webhook-id"],
        int(stamp),
        vector["body"].encode(),
    )
    return "accepted" if good else "signature"
