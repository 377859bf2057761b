"""Whatever is sent to any endpoint, right or wrong, no answer is a 5xx, each is as documented.

Against a real server with a consumer behind it, so that accepted intents of every kind are decided
as well: none may be parked, and the books must balance afterwards.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.live import Live
from tests.fixtures.shop import ADMIN, SETTINGS

EXAMPLES: Final = 10
"""Of each endpoint and mode; raise it for a long hunt."""
UNTOUCHED: Final = {"/metrics"}
"""Text, not JSON."""
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
PROBLEM: Final = "application/problem+json"


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {**SETTINGS, "public_url": ""}


def credentials(live: Live, schemes: set[str]) -> dict[str, str]:
    """Headers that open a route of these security schemes."""
    if "shop" in schemes:
        answer = httpx.post(f"{live.url}/shop/auth/login", json=ADMIN)
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return live.key if "api_key" in schemes else {}


def check(case: Any, url: str, headers: dict[str, str]) -> None:
    """Send it; errors are problem documents with a code, and none is ours."""
    response = case.call(base_url=url, headers=headers, timeout=40)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400 and case.method != "HEAD":
        assert response.headers["content-type"] == [PROBLEM], case.as_curl_command()
        assert response.json()["code"], case.as_curl_command()
        assert not headers or response.status_code != 401, case.as_curl_command()


def operations(live: Live) -> Iterator[tuple[Any, dict[str, str]]]:
    """Every endpoint of the document, with headers that open it."""
    document = httpx.get(f"{live.url}/schema/openapi.json").json()
    by_scheme: dict[frozenset[str], dict[str, str]] = {}
    declared: dict[tuple[str, str], frozenset[str]] = {}
    for path, methods in document["paths"].items():
        for method, endpoint in methods.items():
            # Taken out, or credentials are what schemathesis breaks first and nothing else is seen.
            security = endpoint.pop("security")
            declared[path, method] = frozenset(name for scheme in security for name in scheme)
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        assert isinstance(found, Ok), found
        operation: Any = found.ok()
        if operation.path in UNTOUCHED:
            continue
        schemes = declared[operation.path, operation.method]
        if schemes not in by_scheme:
            by_scheme[schemes] = credentials(live, set(schemes))
        yield operation, by_scheme[schemes]


def hunt(operation: Any, mode: GenerationMode, url: str, headers: dict[str, str]) -> None:
    """Examples of one endpoint, the same ones every time."""

    @seed(20260101)
    @examples(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        check(case, url, headers)

    send()


@pytest.mark.case("O12")
@pytest.mark.timeout(600)
def test_no_input_gives_a_server_error(live: Live) -> None:
    for operation, headers in operations(live):
        hunt(operation, GenerationMode.POSITIVE, live.url, headers)
        if _can_be_wrong(operation):
            with contextlib.suppress(Unsatisfiable):  # any text is right in some paths
                hunt(operation, GenerationMode.NEGATIVE, live.url, headers)
    live.stop()
    assert live.parked is None
    urls = live.settings.database_url.reveal(), live.settings.redis_url.reveal()
    asyncio.run(assert_invariants(*urls))


def _can_be_wrong(operation: Any) -> bool:
    """An endpoint without body and parameters has nothing to get wrong."""
    return bool(operation.body or operation.query or operation.path_parameters)
