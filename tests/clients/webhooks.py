"""How to verify a webhook, as docs/events.md says it: the snippets, and programs made of them."""

import hashlib
import hmac
import re
import textwrap
from base64 import b64decode
from pathlib import Path
from typing import Final

import msgspec

from payments.endpoints.sealing import headers, new_endpoint_secret
from payments.kernel.clock import utc_now
from tests.architecture.sources import text

BODY: Final = '{"id":"evt_1","type":"transfer.applied","data":{"description":"für"}}'
_BLOCK: Final = re.compile(r"```(python|js)\n(.*?)```", re.DOTALL)
_PYTHON: Final = """
import json, pathlib
signed = json.loads(pathlib.Path("signed.json").read_text())
body, headers = signed["body"], signed["headers"]
for secret in signed["secrets"]:
{snippet}
    assert event["id"] == "evt_1"
    from svix.webhooks import Webhook as Svix, WebhookVerificationError
    Svix(secret).verify(body, headers)
    try:
        Svix(secret).verify(body + " ", headers)
    except WebhookVerificationError:
        continue
    raise SystemExit("a changed body was believed")
"""
_NODE: Final = """
import {{ readFileSync }} from "node:fs";
import {{ Webhook as Svix }} from "svix";
{imports}
const {{ body, headers, secrets }} = JSON.parse(readFileSync("signed.json", "utf8"));
for (const secret of secrets) {{
{rest}
  if (event.id !== "evt_1") throw new Error("another event");
  new Svix(secret).verify(body, headers);
}}
"""


class Signed(msgspec.Struct):
    """A delivery in the day after its secret was changed: both secrets verify it."""

    body: str
    headers: dict[str, str]
    secrets: list[str]


def signed() -> Signed:
    """A delivery as the executor signs it now."""
    secrets = [new_endpoint_secret(), new_endpoint_secret()]
    return Signed(BODY, headers(secrets, "evt_1", BODY, utc_now()), secrets)


def snippet(language: str) -> str:
    """How docs/events.md verifies in a language."""
    blocks = _BLOCK.findall(text("docs/events.md"))
    return str(next(code for name, code in blocks if name == language and "verify" in code))


def by_hand(secret: str, delivery: Signed) -> str:
    """The signature as the specification of Standard Webhooks says it, with no library."""
    sent = delivery.headers
    content = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.{delivery.body}".encode()
    key = b64decode(secret.removeprefix("whsec_"))
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def write_programs(folder: Path) -> None:
    """`verify.py` and `verify.mjs`, which read `signed.json`."""
    (folder / "signed.json").write_bytes(msgspec.json.encode(signed()))
    python = textwrap.indent(snippet("python"), "    ")
    (folder / "verify.py").write_text(_PYTHON.format(snippet=python))
    lines = snippet("js").splitlines()
    imports = [line for line in lines if line.startswith("import")]
    rest = [line for line in lines if line not in imports]
    program = _NODE.format(imports="\n".join(imports), rest="\n".join(rest))
    (folder / "verify.mjs").write_text(program)
