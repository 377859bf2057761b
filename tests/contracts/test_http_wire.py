"""Raw bytes at the API's socket: a body is never read as a request, and nobody waits for ever."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from tests.fixtures.platform import Platform
from tests.fixtures.wire import Answer, served, talk

BODY: Final = b'{"user_id":1,"amount":7100}'
HIDDEN: Final = b"POST /api/v1/wallet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HIDDEN_REQUEST: Final = HIDDEN + b'Content-Length: 26\r\n\r\n{"user_id":9,"amount":100}'


@pytest.fixture
def settings_overrides(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Little patience only where it is tried: a machine may stand still for a second."""
    is_about_silence = any("H3" in mark.args for mark in request.node.iter_markers("case"))
    return {"read_timeout_s": 1 if is_about_silence else 20}


@pytest.fixture
async def port(platform: Platform) -> AsyncIterator[int]:
    async with served(platform.settings) as ports:
        yield ports[0]


def post(*headers: bytes, body: bytes = BODY, length: int | None = None) -> bytes:
    """A request for a wallet, framed by Content-Length unless a header frames it."""
    lines = [b"POST /api/v1/wallet HTTP/1.1", b"Content-Type: application/json", *headers]
    if not any(h.lower().startswith(b"host") for h in headers):
        lines.append(b"Host: x")
    if not any(h.lower().startswith((b"content-length", b"transfer-")) for h in headers):
        lines.append(b"Content-Length: %d" % (len(body) if length is None else length))
    return b"\r\n".join([*lines, b"", body])


def is_enqueued(answer: Answer) -> bool:
    return answer.status == 202 and bool(json.loads(answer.body)["handshake_id"])


async def wallets(platform: Platform) -> list[int]:
    """Users who have a wallet once everything is applied."""
    await platform.settled()
    async with platform.connection() as connection:
        rows = await connection.fetch("SELECT user_id FROM client_wallets ORDER BY user_id")
    return [row[0] for row in rows]


H2C: Final = (
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
)
CHUNKED: Final = b"1b\r\n" + BODY + b"\r\n0\r\n\r\n"


@pytest.mark.case("H1")
@pytest.mark.parametrize(
    "headers",
    [
        H2C,
        (b"Connection: upgrade", b"Upgrade: websocket"),
        (b"Connection: keep-alive, Upgrade", b"Upgrade: TLS/1.0, h2c"),
        (b"connection: UPGRADE", b"UPGRADE: anything", b"Upgrade: h2c"),
    ],
)
@pytest.mark.parametrize("cut", ["whole", "head", "middle", "bytes"])
async def test_a_request_to_upgrade_is_answered_as_http_1_1(
    port: int, platform: Platform, headers: tuple[bytes, ...], cut: str
) -> None:
    request = post(*headers)
    at = {"whole": len(request), "head": request.index(b"\r\n\r\n") + 4, "middle": -5}.get(cut, 0)
    parts = [request[:at], request[at:]] if at else [bytes([b]) for b in request]
    answers = await talk(port, *parts, pause_s=0.05 if at else 0)
    assert [is_enqueued(a) for a in answers] == [True]
    assert await wallets(platform) == [1]


@pytest.mark.case("H1")
async def test_a_chunked_body_survives_a_request_to_upgrade(port: int, platform: Platform) -> None:
    request = post(*H2C, b"Transfer-Encoding: chunked", body=CHUNKED)
    answers = await talk(port, request[:-20], request[-20:])
    assert [is_enqueued(a) for a in answers] == [True]
    assert await wallets(platform) == [1]


@pytest.mark.case("H1")
@pytest.mark.parametrize("is_apart", [True, False])
async def test_nothing_after_a_request_to_upgrade_is_a_request(
    port: int, platform: Platform, *, is_apart: bool
) -> None:
    request = post(*H2C)
    parts = (request, HIDDEN_REQUEST) if is_apart else (request + HIDDEN_REQUEST,)
    answers = await talk(port, *parts)
    assert [is_enqueued(a) for a in answers] == [True]
    assert answers[0].headers["connection"] == "close"
    assert await wallets(platform) == [1]


@pytest.mark.case("H1")
async def test_a_body_that_looks_like_a_request_is_a_body(port: int, platform: Platform) -> None:
    answers = await talk(port, post(*H2C, body=HIDDEN_REQUEST))
    assert [a.code for a in answers] == ["invalid_json"]
    assert await wallets(platform) == []


@pytest.mark.case("H1")
async def test_an_upgrade_after_a_request_under_way_waits_its_turn(port: int) -> None:
    read = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = await talk(port, read + post(*H2C) + read)
    assert [a.status for a in answers] == [200, 202]


AMBIGUOUS: Final = {
    "length and chunked": (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunked and length": (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two lengths": (b"Content-Length: 5", b"Content-Length: 37"),
    "the same length twice": (b"Content-Length: 37", b"Content-Length: 37"),
    "a list of lengths": (b"Content-Length: 37, 37",),
    "a sign": (b"Content-Length: +37",),
    "hexadecimal": (b"Content-Length: 0x25",),
    "no number": (b"Content-Length: ",),
    "more than 64 bits": (b"Content-Length: 184467440737095516170",),
    "a space before the colon": (b"Content-Length : 37",),
    "obs-fold": (b"X-Folded: a\r\n b", b"Content-Length: 37"),
    "a folded length": (b"Content-Length:\r\n 37",),
    "a folded coding": (b"Transfer-Encoding:\r\n chunked",),
    "chunked twice": (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "chunked not last": (b"Transfer-Encoding: chunked, identity",),
    "another coding": (b"Transfer-Encoding: xchunked",),
    "identity": (b"Transfer-Encoding: identity",),
    "compressed": (b"Transfer-Encoding: gzip, chunked",),
    "a vertical tab": (b"Transfer-Encoding: \x0bchunked",),
    "a bare LF": (b"X: a\nContent-Length: 37",),
    "a bare CR": (b"X: a\rContent-Length: 37",),
    "a NUL": (b"X: a\x00b", b"Content-Length: 37"),
    "two hosts": (b"Host: x", b"Host: y", b"Content-Length: 37"),
}


@pytest.mark.case("H1")
async def test_what_two_servers_might_read_in_two_ways_is_refused(
    port: int, platform: Platform
) -> None:
    body = b"0\r\n\r\n" + HIDDEN_REQUEST
    for name, headers in AMBIGUOUS.items():
        for parts in ((post(*headers, body=body),), (post(*headers, body=b""), body)):
            (answer,) = await talk(port, *parts)
            assert answer.code in {
                "malformed_http",
                "transfer_coding_not_supported",
                "invalid_request",
            }, name
            assert answer.headers["connection"] == "close", name
    assert await wallets(platform) == []


BAD_CHUNKS: Final = {
    "a bare LF": b"1b\n" + BODY + b"\n0\n\n",
    "an LF after an extension": b"1b;a\n" + BODY + b"\r\n0\r\n\r\n",
    "a prefix": b"0x1b\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a space": b"1b \r\n" + BODY + b"\r\n0\r\n\r\n",
    "too long a chunk": b"1b\r\n" + BODY + b"x\r\n0\r\n\r\n",
    "more than 64 bits": b"1000000000000001b\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a length as a trailer": b"1b\r\n" + BODY + b"\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.case("H1")
async def test_a_chunked_body_that_is_no_such_thing_is_refused(
    port: int, platform: Platform
) -> None:
    for name, body in BAD_CHUNKS.items():
        request = post(b"Transfer-Encoding: chunked", body=body)
        answers = await talk(port, request + HIDDEN_REQUEST)
        assert [a.code for a in answers] == ["malformed_http"], name
    assert await wallets(platform) == []


async def test_chunk_extensions_and_trailers_mean_nothing(port: int, platform: Platform) -> None:
    body = b'1b;a="x y";b=2\r\n' + BODY + b"\r\n0;c\r\nContent-Encoding: gzip\r\nHost: y\r\n\r\n"
    request = post(b"Transfer-Encoding: chunked", body=body)
    answers = await talk(port, request[:-8], request[-8:])
    assert [is_enqueued(a) for a in answers] == [True]
    assert await wallets(platform) == [1]


async def test_http_1_0_has_no_chunks(port: int, platform: Platform) -> None:
    request = post(b"Transfer-Encoding: chunked", body=CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    assert [a.code for a in await talk(port, request)] == ["transfer_coding_not_supported"]
    assert await wallets(platform) == []


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health/live HTTP/1.1\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN_REQUEST,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET /health/live HTTP/1.2\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_1_1_gets_one_problem_document(port: int, request_: bytes) -> None:
    (answer,) = await talk(port, request_)
    assert answer.status == 400
    assert answer.code in {"malformed_http", "invalid_request"}


async def test_a_refused_request_does_not_overtake_the_answer_before_it(port: int) -> None:
    read = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = await talk(port, read + b"GARBAGE\r\n\r\n" + read)
    assert [a.status for a in answers] == [200, 400]


async def test_a_header_has_an_end(port: int) -> None:
    line = b"X: " + b"a" * 60_000 + b"\r\n"
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
    assert [a.status for a in await talk(port, head + line + b"\r\n")] == [200]
    for part in (line + line + b"\r\n", b"X: " + b"a" * 70_000):
        assert [a.code for a in await talk(port, head + part)] == ["header_too_large"]


@pytest.mark.case("H2")
async def test_a_compressed_body_is_refused_and_says_what_is_read(
    port: int, platform: Platform
) -> None:
    for path in (b"/api/v1/wallet", b"/payment/webhook", b"/api/webhook/bank"):
        for coding in (b"gzip", b"br", b"identity, deflate", b"aes128gcm"):
            request = post(b"Content-Encoding: " + coding).replace(b"/api/v1/wallet", path, 1)
            (answer,) = await talk(port, request)
            assert (answer.status, answer.code) == (415, "unsupported_content_encoding")
            assert answer.headers["accept-encoding"] == "identity"
    assert await wallets(platform) == []


async def test_identity_is_no_coding(port: int) -> None:
    (answer,) = await talk(port, post(b"Content-Encoding: identity"))
    assert is_enqueued(answer)


@pytest.mark.case("H3")
@pytest.mark.parametrize(
    "begun",
    [
        b"POST /api/v1/wal",
        b"POST /api/v1/wallet HTTP/1.1\r\nHost: x\r\nX-Half: a",
        post(length=500),
        post(b"Transfer-Encoding: chunked", body=b"1b\r\n" + BODY[:5]),
        post(*H2C, length=500),
    ],
)
async def test_half_a_request_and_then_silence_is_given_up(
    port: int, platform: Platform, begun: bytes
) -> None:
    (answer,) = await talk(port, begun)
    assert (answer.status, answer.code) == (408, "request_timeout")
    assert answer.headers["connection"] == "close"
    assert await wallets(platform) == []


@pytest.mark.case("H3")
@pytest.mark.parametrize("begun", [b"", b"\r\n"])
async def test_silence_is_given_up(port: int, begun: bytes) -> None:
    assert await talk(port, begun) == []


@pytest.mark.case("H3")
async def test_a_body_that_drips_is_given_up(port: int) -> None:
    drops = [b" "] * 15
    (answer,) = await talk(port, post(length=500), *drops, pause_s=0.1)
    assert answer.code == "request_timeout"


@pytest.mark.case("H3")
async def test_a_slow_body_that_moves_is_read(port: int) -> None:
    body = b'{"user_id":1,"amount":1}' + b" " * 3000
    head, rest = post(body=body)[:-3000], [b" " * 250] * 12
    (answer,) = await talk(port, head, *rest, pause_s=0.2)
    assert is_enqueued(answer)


async def test_a_client_that_waits_for_continue_gets_it(port: int) -> None:
    request = post(b"Expect: 100-continue", *H2C)
    head, body = request[: -len(BODY)], BODY
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 202 ")
    writer.close()
