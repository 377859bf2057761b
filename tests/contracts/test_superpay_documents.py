"""The documents say what the code does: tables and transitions in them are generated."""

import json
from typing import Any

import pytest

from payments.surfaces.superpay.signature import key_of, request_headers, signature_problem
from tests.contracts.superpay_tables import DOCS, blocks, marked


@pytest.mark.parametrize("name", sorted(blocks()))
def test_generated_blocks_are_current(name: str) -> None:
    document, text = blocks()[name]
    content = (DOCS / document).read_text(encoding="utf-8")
    assert marked(name, text) in content, "run: python -m tests.contracts.superpay_tables"


VECTORS: dict[str, Any] = json.loads((DOCS / "vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda v: str(v["name"]))
def test_our_client_signs_the_vectors(vector: dict[str, Any]) -> None:
    body = None if vector["method"] == "GET" else vector["body"].encode()
    ours = request_headers(
        key_of(vector["secret"]), vector["id"], vector["timestamp"], vector["target"], body
    )
    given = vector["headers"]
    assert ours["superpay-signature"] in given["superpay-signature"].split(" ")
    assert (ours["superpay-request-id"], ours["superpay-timestamp"]) == (
        given["superpay-request-id"],
        given["superpay-timestamp"],
    )


def verdict(vector: dict[str, Any]) -> str | None:
    """What our inbox says to a vector."""
    keys = tuple(key_of(one) for one in vector["accepting_secrets"])
    return signature_problem(keys, vector["headers"], vector["body"].encode(), vector["now"])


@pytest.mark.parametrize("vector", VECTORS["callbacks"], ids=lambda v: str(v["name"]))
def test_our_inbox_believes_the_vectors(vector: dict[str, Any]) -> None:
    assert verdict(vector) is None


@pytest.mark.parametrize("vector", VECTORS["rejected"], ids=lambda v: str(v["name"]))
def test_our_inbox_refuses_the_negative_vectors(vector: dict[str, Any]) -> None:
    assert verdict(vector) is not None
