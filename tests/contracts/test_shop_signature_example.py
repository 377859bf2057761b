"""The worked examples of docs/shop.md, recomputed from what the page says."""

import hashlib
import re
from pathlib import Path
from typing import Final

from payments.entrypoints.shop import DEVELOPMENT_WEBHOOK_KEY
from payments.surfaces.shop.signature import WebhookKey, sha1_signature
from payments.webhooks.signing import SigningKeys, v2_signature

PAGE: Final = (Path(__file__).parents[2] / "docs/shop.md").read_text(encoding="utf-8")
SHA1, V2 = PAGE.split("### Signing: v2", 1)


def cell(part: str, name: str) -> str:
    """What a row of a table says, without its quotes."""
    found = re.search(rf"^\| {re.escape(name)} \| `(.+)` \|$", part, re.MULTILINE)
    assert found, name
    return found[1]


def test_the_sha1_example() -> None:
    key, text = cell(SHA1, "private key"), cell(SHA1, "text that is hashed")
    assert text == f"{key}:1234567:123456:123456:100"
    assert bytes.fromhex(cell(SHA1, "its bytes, hex")).decode() == text
    signature = hashlib.sha1(text.encode()).hexdigest()  # noqa: S324 - the provider's rule
    assert cell(SHA1, "signature") == signature
    assert f'"signature":"{signature}"' in cell(SHA1, "body")
    ids = ("1234567", "123456", "123456")
    assert sha1_signature(key, *ids, "100") == signature
    assert WebhookKey(SigningKeys(key)).is_sha1(signature, (*ids, "100"))
    assert not WebhookKey(SigningKeys(key), is_sha1_on=False).is_sha1(signature, (*ids, "100"))
    other = cell(SHA1, "signature, were the amount written `100.0`")
    assert other == sha1_signature(key, *ids, "100.0")
    assert not WebhookKey(SigningKeys(key)).is_sha1(other, (*ids, "100"))


def test_the_v2_example() -> None:
    key, body = cell(V2, "private key"), cell(V2, "body").encode()
    header = cell(V2, "header").removeprefix("X-Signature: ")
    assert header == f"v2={v2_signature(key, body)}"
    assert SigningKeys(key).is_v2(header, body)
    for wrong in ("", header[3:], header + "0", header.replace("v2", "v1"), "v2=" + "é" * 64):
        assert not SigningKeys(key).is_v2(wrong, body)
    assert not SigningKeys(key).is_v2(header, body + b" ")


def test_the_key_of_development_is_the_one_the_page_names() -> None:
    assert f"`{DEVELOPMENT_WEBHOOK_KEY}`" in PAGE


def test_a_key_is_not_printed() -> None:
    assert "private" not in repr(WebhookKey(SigningKeys("private")))
