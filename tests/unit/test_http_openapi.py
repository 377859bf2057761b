"""The OpenAPI document names what is decoded by hand; its page needs no network."""

import re
from typing import Any

from payments.http.health import Readiness
from payments.http.openapi import document_of
from tests.unit.http_app import Api

PROBLEMS = {"400", "401", "403", "409", "413", "415", "422", "503"}
"""What a POST that submits an operation may answer, whatever the operation."""


def document() -> dict[str, Any]:
    return document_of(Api().app)


def test_bodies_parameters_and_answers_are_there() -> None:
    operation = document()["paths"]["/v1/transfers"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/TransferBody"}
    amount = document()["components"]["schemas"]["TransferBody"]["properties"]["amount"]
    assert amount["type"] == "string"
    assert {p["name"] for p in operation["parameters"]} == {"Idempotency-Key", "Prefer"}
    assert set(operation["responses"]) == {"201", "202", "default", *PROBLEMS, "402", "404"}
    assert operation["security"] == [{"api_key": []}]
    wallets = document()["paths"]["/v1/wallets"]["get"]
    filters = {"owner", "currency", "status", "metadata"}
    assert {p["name"] for p in wallets["parameters"]} == {"limit", "cursor", "format"} | filters


def test_every_operation_says_what_it_is() -> None:
    operations = [o for path in document()["paths"].values() for o in path.values()]
    assert all(o["summary"] for o in operations)
    ids = [o["operationId"] for o in operations]
    assert len(set(ids)) == len(ids)


def test_every_reference_leads_somewhere() -> None:
    found = document()
    names = set(re.findall(r"#/components/schemas/([A-Za-z]+)", str(found)))
    assert names <= set(found["components"]["schemas"])
    assert set(found["components"]["securitySchemes"]) == {"api_key"}


async def test_the_page_is_whole_without_a_network() -> None:
    api = Api()
    page = await api.http.get("/schema")
    assert "content-security-policy" in page.headers
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/schema/")
        assert (await api.http.get(link)).status_code == 200
    assert "http:" not in page.text
    assert "https:" not in page.text
    assert (await api.http.get("/schema/assets/..%2Fsecrets")).status_code == 404
    assert (await api.http.get("/schema/openapi.json")).json()["openapi"] == "3.1.0"


async def test_readiness_names_what_fails() -> None:
    async def works() -> str | None:
        return None

    async def is_full() -> str | None:
        return "backlog_full"

    async def breaks() -> str | None:
        raise ConnectionRefusedError("with a password inside")

    api = Api()
    assert (await api.http.get("/health/ready")).status_code == 200
    api.services.add(Readiness, Readiness(database=works, stream=is_full, other=breaks))
    answer = await api.http.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["failing"] == {"stream": "backlog_full", "other": "ConnectionRefusedError"}
    assert (await api.http.get("/health/live")).json() == {"status": "live"}


async def test_metrics_are_served() -> None:
    answer = await Api().http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "payments_accepted_total" in answer.text
