"""Whatever is sent to any endpoint, right or wrong, no answer is a 5xx, each is as documented.

Against a real server with a consumer behind it, so that accepted intents of every kind are decided
as well: none may be parked, and the books must balance afterwards.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any, Final

import httpx
import msgspec
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

from payments.entrypoints.api import serve
from payments.entrypoints.ports import free_port
from payments.entrypoints.settings import Settings
from payments.http.serving import listen
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually
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


class Live:
    """The platform and its API in a thread: schemathesis calls from outside, as a client does."""

    def __init__(self, settings: Settings) -> None:
        self.settings = msgspec.structs.replace(
            settings, port=free_port("127.0.0.1", 18431), log_level="error"
        )
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self.key: dict[str, str] = {}
        self.parked: Any = None
        self._is_up = threading.Event()
        self._server = serve(self.settings)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="live")

    def start(self) -> None:
        """Serve; returns when requests are answered."""
        self._thread.start()
        assert self._is_up.wait(30)

    def stop(self) -> None:
        """Let what was accepted be decided, look at the books, stop."""
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()

    async def _is_serving(self) -> bool:
        return self._server.started

    async def _run(self) -> None:
        platform = Platform(self.settings)
        await platform.start()
        self.key = await api_key(platform)
        sockets = listen([("127.0.0.1", self.settings.port)], 100)
        serving = asyncio.create_task(self._server.serve(sockets))
        await eventually(self._is_serving)
        self._is_up.set()
        await serving
        await platform.settled()
        self.parked = await platform.value("SELECT array_agg(error) FROM dead_letters")
        await platform.stop()


@pytest.fixture
def live(settings: Settings) -> Iterator[Live]:
    """The running platform."""
    running = Live(settings)
    running.start()
    yield running
    running.stop()


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
@pytest.mark.timeout(180)
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
