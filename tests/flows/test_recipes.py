"""docs/recipes.md runs as printed, and the books are right afterwards."""

import re
from pathlib import Path
from typing import Final

import httpx

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, opened, waited

RECIPES: Final = Path(__file__).parents[2] / "docs" / "recipes.md"
_BLOCK: Final = re.compile(
    r"```http\n(?P<method>[A-Z]+) (?P<path>\S+)\n(?P<body>.*?)"
    r"→ (?P<status>\d+)(?P<says>[^\n]*)\n```",
    re.DOTALL,
)


async def test_every_recipe_runs_as_printed(native: httpx.AsyncClient, platform: Platform) -> None:
    text = RECIPES.read_text(encoding="utf-8")
    blocks = list(_BLOCK.finditer(text))
    assert len(blocks) == text.count("```http")
    assert text.count("\n## ") == 7
    kept: dict[str, str] = {}
    native.headers.update({**WAIT, "Content-Type": "application/json"})
    for block in blocks:
        printed = {
            part: re.sub(r"<(\w+)>", lambda m: kept[m[1]], value)
            for part, value in block.groupdict().items()
        }
        answer = await native.request(
            printed["method"], printed["path"], content=printed["body"] or None
        )
        assert answer.status_code == int(printed["status"]), (printed, answer.text)
        for clause in filter(None, (c.strip() for c in printed["says"].split(","))):
            field, sign, value = re.split(r"( = |: )", clause)
            if sign == " = ":
                kept[value] = str(answer.json()[field])
            else:
                assert answer.json()[field] == value, (printed, answer.text)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_stranger_finds_the_transaction_behind_an_entry(native: httpx.AsyncClient) -> None:
    """By the entry's reference, in one request."""
    payer, payee = await funded(native, "10.00"), await opened(native)
    ends = {"source": f"wallet:{payer}", "destination": f"wallet:{payee}"}
    posting = {**ends, "amount": "4.00", "currency": "RUB"}
    await waited(native, "/v1/transactions", {"postings": [posting], "reference": "order-17"})
    [entry] = (await native.get(f"/v1/wallets/{payee}/entries")).json()["items"]
    found = await native.get("/v1/transactions", params={"reference": entry["reference"]})
    [transaction] = found.json()["items"]
    assert transaction["transaction_id"] == entry["transaction_id"]
    assert transaction["operation_id"] == entry["operation_id"]
