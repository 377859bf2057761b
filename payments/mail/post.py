"""Delivers messages: by SMTP, or in development as files in a folder."""

import asyncio
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from payments.kernel.clock import Clock
from payments.mail.message import Letter, compose

_TIMEOUT_S: Final = 20.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


class MailNotSent(Exception):
    """The message was not accepted. Only the reply's code is kept: its text may
    quote the message.
    """


class Carrier(Protocol):
    """Delivers a composed message."""

    async def carry(self, letter_id: str, message: EmailMessage) -> None:
        """Return when the message is accepted. The same letter may be sent again."""
        ...


class Mailer:
    """Sends letters; the executor uses it."""

    def __init__(self, carrier: Carrier, sender: str, clock: Clock) -> None:
        """`sender` is `payments@example.com` or `Payments <payments@example.com>`."""
        self._carrier = carrier
        self._sender = sender
        self._clock = clock

    async def send(self, letter: Letter) -> None:
        """Send a letter; sending the same one again is harmless. Raises `MailNotSent`."""
        message = compose(letter, self._sender, self._clock())
        await self._carrier.carry(letter.id, message)


class Folder:
    """Writes each message to a file `<id>.eml`, readable only by its owner."""

    def __init__(self, path: Path) -> None:
        """The folder is created with the first message."""
        self._path = path

    async def carry(self, letter_id: str, message: EmailMessage) -> None:
        """Write the file atomically; a retry overwrites it."""
        await asyncio.to_thread(self._write, letter_id, bytes(message))

    def _write(self, letter_id: str, content: bytes) -> None:
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path / f".{letter_id}.draft"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(self._path / f"{letter_id}.eml")


class Smtp:
    """Sends by SMTP: `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS)."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for any other URL."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("an SMTP URL is smtp://host:port or smtps://host:port")
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._is_tls = parts.scheme == "smtps"

    async def carry(self, letter_id: str, message: EmailMessage) -> None:
        """Send the message. A password is never sent without TLS."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self._host,
                port=self._port,
                username=self._username,
                password=self._password,
                use_tls=self._is_tls,
                start_tls=True if self._username and not self._is_tls else None,
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPException as error:
            code = getattr(error, "code", "")
            raise MailNotSent(f"{letter_id}: {type(error).__name__} {code}".strip()) from None


def create_mailer(smtp_url: str, data_dir: Path, sender: str, clock: Clock) -> Mailer:
    """A mailer that uses SMTP if there is a URL, else files in `<data_dir>/mail`."""
    carrier: Carrier = Smtp(smtp_url) if smtp_url else Folder(data_dir / "mail")
    return Mailer(carrier, sender, clock)
