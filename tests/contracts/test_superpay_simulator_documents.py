"""Specification, openapi.yaml and simulator name the same words."""

import ast
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import schemathesis
from schemathesis.core.result import Ok

from payments_tools import simulator
from payments_tools.simulator.errors import CODES
from payments_tools.simulator.faults import _MAGIC, Fault
from payments_tools.simulator.lifecycle import TRANSITIONS
from tests.contracts.superpay_documents import API, DOCS, schema
from tests.contracts.superpay_simulator import Sandbox, running


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as found:
        yield found


def test_the_document_lists_every_misbehaviour_with_its_number() -> None:
    text = (DOCS / "specification.md").read_text()
    numbers = {fault: f"{number:02d}" for number, fault in _MAGIC.items()}
    for fault in Fault:
        assert f"| {numbers.get(fault, 'none')} | `sim:{fault.value}` |" in text


def test_the_simulator_is_an_outsider() -> None:
    own = "payments_tools.simulator"
    package = Path(simulator.__file__).parent
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("payments"):
                assert (node.module or "").startswith((own, "payments.kernel.")), path


def test_openapi_is_whole() -> None:
    found = schemathesis.openapi.from_dict(API).get_all_operations()
    assert {one.ok().label for one in found if isinstance(one, Ok)} == {
        "POST /api/deposit",
        "POST /api/payout",
        "GET /api/transactions/{merchant_id}",
        "GET /api/wallets/{wallet_id}",
        "GET /api/registry",
    }
    for name in API["components"]["schemas"]:
        schema(f"#/components/schemas/{name}")
    for operation in (API["paths"][path] for path in API["paths"]):
        for method in operation.values():
            assert {"operationId", "summary", "responses"} <= method.keys()


def test_openapi_the_document_and_the_simulator_name_the_same_words() -> None:
    schemas, text = API["components"]["schemas"], (DOCS / "specification.md").read_text()
    error = schemas["Error"]["properties"]["error"]["properties"]
    assert error["code"]["enum"] == list(CODES)
    for code, entry in CODES.items():
        [row] = [line for line in text.splitlines() if line.startswith(f"| `{code}` | ")]
        cells = [cell.strip(" *") for cell in row.split("|")]
        told = [str(entry.status), str(entry.definitive).lower(), entry.money_moved]
        assert cells[2:5] == told, code
    for kind, name in (("payout", "Payout"), ("deposit", "Deposit")):
        statuses = schemas[name]["allOf"][1]["properties"]["status"]["enum"]
        assert set(statuses) == TRANSITIONS[kind].keys()
        reachable = set().union(*TRANSITIONS[kind].values())
        events = {f"{kind}.{status}" for status in reachable}
        told_types = set(schemas["Callback"]["properties"]["type"]["enum"])
        assert {one for one in told_types if one.startswith(kind)} == events
        assert all(f"`{event}`" in text for event in events)


@pytest.mark.parametrize("name", ["deposit", "payout"])
async def test_the_documents_examples_are_taken_as_they_stand(sandbox: Sandbox, name: str) -> None:
    example = API["paths"][f"/api/{name}"]["post"]["requestBody"]["content"]["application/json"]
    body = httpx.Request("POST", sandbox.base, json=example["example"]).content.decode()
    answer = await sandbox.call("POST", f"/api/{name}", body)
    assert answer.status_code == 201, answer.text
