"""Every answer says the id under which the request stands in the log, with its operation."""

from collections.abc import AsyncIterator

import pytest

from tests.contracts.test_http_wire import post
from tests.fixtures.platform import Platform
from tests.fixtures.wire import served, talk


@pytest.fixture
async def port(platform: Platform) -> AsyncIterator[int]:
    async with served(platform.settings) as ports:
        yield ports[0]


@pytest.mark.case("P12")
async def test_every_answer_says_the_id_of_its_request(port: int) -> None:
    answers = await talk(
        port,
        post(b"X-Request-Id: mine-7"),
        post(b"X-Request-Id: mine-8", body=b"{"),
        post(b"X-Request-Id: not one", body=b"{"),
        b"GET /no/such HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine-9\r\n\r\n",
    )
    said = [answer.headers["x-request-id"] for answer in answers]
    assert [said[0], said[1], said[3]] == ["mine-7", "mine-8", "mine-9"]
    assert said[2] not in {"", "not one", *said[:2]}
