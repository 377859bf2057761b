"""Redis behind TLS: certificates of both sides are verified, and a refusal says why."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

import payments.wallets.open
from payments.entrypoints import doctor
from payments.entrypoints.settings import BadSettings, Secret, Settings
from payments.entrypoints.waiting import look_at_servers
from payments.wallets.open import OpenWallet
from streams.errors import is_for_good, trouble_in_words
from tests.fixtures.certificates import Authority
from tests.fixtures.platform import PARTITIONS, Platform


@asynccontextmanager
async def behind_tls(redis_url: str, tls: ssl.SSLContext) -> AsyncIterator[str]:
    """`rediss://…` of a front that ends TLS and passes everything on; without its parameters."""
    parts = urlsplit(redis_url)
    userinfo, _, socket = unquote(redis_url.removeprefix("unix://")).rpartition("@")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(socket.partition("?")[0])
        ways = pump(reader, far_writer), pump(far_reader, writer)
        await asyncio.gather(*ways, return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    assert parts.scheme == "unix"
    try:
        yield f"rediss://{userinfo}@127.0.0.1:{port}/0"
    finally:
        server.close()


def wanting_certificates(ours: Authority) -> ssl.SSLContext:
    """A server's context that accepts only clients whose certificate we signed."""
    context = ours.server()
    context.load_verify_locations(ours.file)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def of_client(authority: Authority, folder: Path, name: str) -> str:
    """Parameters of an address that show a client's certificate."""
    authority.server(name)
    return f"ssl_certfile={folder / name}.pem&ssl_keyfile={folder / name}.pem"


async def test_a_verified_connection_does_everything(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    ours = Authority(tmp_path)
    async with behind_tls(redis_url, wanting_certificates(ours)) as base:
        url = f"{base}?ssl_ca_certs={ours.file}&{of_client(ours, tmp_path, 'client')}"
        platform = Platform(
            Settings(database_url=Secret(database), redis_url=Secret(url), partitions=PARTITIONS)
        )
        await platform.start()
        intent = OpenWallet(currency="RUB", owner="u")
        opened = await platform.apply(payments.wallets.open.OPERATION, intent)
        await platform.settled()
        await platform.stop()
    assert opened["wallet_id"] == 1


async def test_a_certificate_that_is_not_accepted_is_said_at_once(
    settings: Settings, redis_url: str, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    ours, others = Authority(tmp_path), Authority(tmp_path / "others")
    async with (
        behind_tls(redis_url, wanting_certificates(ours)) as good,
        behind_tls(redis_url, ours.server("elsewhere", address="127.0.0.2")) as elsewhere,
    ):
        for url, reason in (
            (f"{good}?ssl_ca_certs={others.file}", "certificate of the server is not accepted"),
            (f"{elsewhere}?ssl_ca_certs={ours.file}", "not valid for '127.0.0.1'"),
        ):
            wrong = msgspec.structs.replace(settings, redis_url=Secret(url))
            with pytest.raises(BadSettings, match=reason):
                await asyncio.to_thread(look_at_servers, wrong)
            findings = {one.part: one for one in await doctor.examine(wrong)}
            assert reason in findings["redis"].advice


def test_a_server_that_does_not_take_our_certificate_is_not_waited_for() -> None:
    """As Redis 7.0 with `tls-auth-clients yes` answers a client without one."""
    alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert (_ssl.c:1)")
    alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    error = ConnectionError("network:ConnectionError")
    error.__cause__ = alert
    assert is_for_good(error)
    assert trouble_in_words(error).endswith("tlsv13 alert certificate required")
    assert not is_for_good(ConnectionRefusedError(111, "Connect call failed"))
