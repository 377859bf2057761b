"""Mail: what goes on the wire, and into files."""

import asyncio
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from payments.mail.message import BadAddress, Letter, checked_address, compose, masked
from payments.mail.post import Folder, Mailer, MailNotSent, Smtp, create_mailer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LETTER = Letter(
    id="7f-0", to="mike@example.com", subject="Confirm", text="Сумма 2000\ncode 123456\n"
)


@pytest.mark.parametrize(
    "address",
    [
        "mike@example.com\nBcc: eve@example.com",
        "mike@example.com\r\nSubject: x",
        "mike@example.com,eve@example.com",
        "Mike <mike@example.com>",
        '"a b"@example.com',
        "mike@exa mple.com",
        "mike@-example.com",
        "mike@example..com",
        "@example.com",
        "mike",
        "",
        "mike\x00@example.com",
        f"{'a' * 65}@example.com",
        f"a@{'b.' * 130}com",
    ],
)
def test_what_is_no_address_goes_into_no_header(address: str) -> None:
    with pytest.raises(BadAddress):
        checked_address(address)
    with pytest.raises(BadAddress):
        compose(Letter(id="1", to=address, subject="s", text="t"), "bank@example.com", NOW)


def test_a_line_break_in_a_subject_is_refused() -> None:
    letter = Letter(id="1", to="mike@example.com", subject="s\r\nBcc: eve@example.com", text="t")
    with pytest.raises(ValueError, match=r"linefeed|newline|carriage"):
        compose(letter, "bank@example.com", NOW)


def test_headers_and_text() -> None:
    sent = message_from_bytes(
        bytes(compose(LETTER, "The bank <bank@example.com>", NOW)), policy=default
    )
    assert sent["To"] == "mike@example.com"
    assert sent["From"] == "The bank <bank@example.com>"
    assert sent["Message-ID"] == "<7f-0@example.com>"
    assert sent.get_content().replace("\r\n", "\n") == LETTER.text


@pytest.mark.parametrize("bad_id", ["../x", "a/b", "", "a:b", "a b"])
def test_an_id_is_a_safe_file_name(bad_id: str) -> None:
    letter = Letter(id=bad_id, to="mike@example.com", subject="s", text="t")
    with pytest.raises(ValueError, match="id"):
        compose(letter, "bank@example.com", NOW)


async def test_the_same_letter_twice_is_one_file_for_its_owner_alone(tmp_path: Path) -> None:
    mailer = create_mailer("", tmp_path, "payments@localhost", lambda: NOW)
    await mailer.send(LETTER)
    await mailer.send(LETTER)
    files = list((tmp_path / "mail").iterdir())
    assert [f.name for f in files] == ["7f-0.eml"]
    assert files[0].stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mike@example.com", "m***@example.com"),
        ("m@example.com", "m***@example.com"),
        ("christopher@example.com", "c***@example.com"),
    ],
)
def test_a_masked_address_does_not_tell_how_long_it_is(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_no_text_in_a_repr() -> None:
    assert "123456" not in repr(LETTER)
    assert "mike" not in repr(LETTER)


class SmtpServer:
    """A real SMTP server of one test, that answers DATA with a code of its choice."""

    def __init__(self, final: bytes) -> None:
        self.final, self.received = final, b""
        self.server: asyncio.Server | None = None

    async def __aenter__(self) -> int:
        """Listen; the port."""
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        assert self.server is not None
        self.server.close()
        await self.server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            command = line[:4].upper()
            if command == b"DATA":
                writer.write(b"354 go\r\n")
                self.received = await reader.readuntil(b"\r\n.\r\n")
                writer.write(self.final)
            elif command == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def test_smtp_carries_it() -> None:
    server = SmtpServer(b"250 taken\r\n")
    async with server as port:
        mailer = Mailer(Smtp(f"smtp://127.0.0.1:{port}"), "payments@example.com", lambda: NOW)
        await mailer.send(LETTER)
    sent = message_from_bytes(server.received.removesuffix(b".\r\n"), policy=default)
    assert sent["Message-ID"] == "<7f-0@example.com>"
    assert sent.get_content().strip().replace("\r\n", "\n") == LETTER.text.strip()


async def test_a_refusal_does_not_quote_the_message() -> None:
    server = SmtpServer(b"554 spam: code 123456 to mike@example.com\r\n")
    async with server as port:
        mailer = Mailer(Smtp(f"smtp://127.0.0.1:{port}"), "payments@example.com", lambda: NOW)
        with pytest.raises(MailNotSent) as caught:
            await mailer.send(LETTER)
    assert "554" in str(caught.value)
    assert "123456" not in repr(caught.value)
    assert "mike" not in repr(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("url", ["http://mail:25", "smtp://", "mail"])
def test_an_smtp_url_says_smtp(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL"):
        Smtp(url)


def test_files_only_without_a_url(tmp_path: Path) -> None:
    assert isinstance(create_mailer("", tmp_path, "a@b", lambda: NOW)._carrier, Folder)
    assert isinstance(
        create_mailer("smtp://mail:1025", tmp_path, "a@b", lambda: NOW)._carrier, Smtp
    )
