"""Where webhooks may not be sent, however it is written."""

import asyncio

import pytest

from payments.deliveries.send import Sender
from payments.endpoints.destination import (
    BadAddress,
    Resolver,
    address_of,
    place_of,
    policy_of,
)

PRODUCTION = policy_of(is_production=True, allow_hosts="")
DEVELOPMENT = policy_of(is_production=False, allow_hosts="")


async def nowhere(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https://user:pw@example.com/",
        "https://example.com/#x",
        "https://example.com\\@127.0.0.1/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:0:127.0.0.1]/",
        "https://[2606:4700::1%25eth0]/",
        "https://[fe80::1%25lo]/",
        "https://%31%32%37.0.0.1/",
        "https://127.0.0.1%2f.example.com/",
        "https://1.2.3.0x10/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://[2001:0:7f00:1::]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://@127.0.0.1/",
        "https://example.com:0/",
        "https://./",
        "//example.com/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::]/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://198.18.0.1/",
        "https:///x",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://пример.рф/",
    ],
)
async def test_refused_in_production(url: str) -> None:
    with pytest.raises(BadAddress):
        await address_of(place_of(url, PRODUCTION), PRODUCTION, nowhere)


@pytest.mark.parametrize("inside", ["10.0.0.1", "::1", "169.254.169.254", "::ffff:10.0.0.1"])
async def test_a_name_of_a_private_address_is_refused(inside: str) -> None:
    async def both(_host: str, _port: int) -> list[str]:
        return ["93.184.215.14", inside]

    with pytest.raises(BadAddress):
        await address_of(place_of("https://example.com/", PRODUCTION), PRODUCTION, both)


async def test_loopback_is_for_development_and_hosts_are_named_in_settings() -> None:
    place = place_of("http://127.0.0.1:9/x?y=1", DEVELOPMENT)
    assert (place.target, place.netloc) == ("/x?y=1", "127.0.0.1:9")
    assert await address_of(place, DEVELOPMENT, nowhere) == "127.0.0.1"
    with pytest.raises(BadAddress):
        place_of("http://10.0.0.1/", DEVELOPMENT)
    named = policy_of(is_production=True, allow_hosts="crm.internal, 10.0.0.7")

    async def private(_host: str, _port: int) -> list[str]:
        return ["10.1.2.3"]

    place = place_of("http://crm.internal/hook", named)
    assert await address_of(place, named, private) == "10.1.2.3"
    assert await address_of(place_of("http://10.0.0.7/", named), named, nowhere) == "10.0.0.7"


async def test_a_name_that_answers_otherwise_later_is_not_asked_again() -> None:
    asked: list[str] = []

    async def changing(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["192.0.2.1"]

    policy = policy_of(is_production=True, allow_hosts="")
    sent = await Sender(policy, changing).send("https://rebinding.example/", {}, "{}")
    assert (asked, sent.status_code) == (["rebinding.example"], None)
    assert "private" in (sent.error or "")


@pytest.mark.parametrize("host", ["a..b.com", f"{'a' * 70}.com"])
async def test_what_is_no_host_is_told_and_no_error(host: str) -> None:
    place = place_of(f"https://{host}/", PRODUCTION)
    with pytest.raises(BadAddress, match="check its name"):
        await address_of(place, PRODUCTION, Resolver())


async def test_a_redirect_is_not_followed_to_another_address() -> None:
    asked: list[str] = []

    async def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 302 F\r\nLocation: http://inside.example/\r\nContent-Length: 0"
        writer.write(head + b"\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sent = await Sender(DEVELOPMENT, look_up).send(f"http://outside.example:{port}/", {}, "{}")
    server.close()
    assert (sent.status_code, asked) == (302, ["outside.example"])
