"""E-mail messages: one recipient, plain text, headers into which no line break can be smuggled."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

import msgspec

# Visible ASCII without the characters that mean something in a header; no line break can pass.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*",
    re.ASCII,
)
_ADDRESS_MAX: Final = 254
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,128}", re.ASCII)


class BadAddress(ValueError):
    """Not an e-mail address that we accept."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message to one recipient. `id` is the same for every retry and names
    file and Message-ID.
    """

    id: str
    to: str
    subject: str
    text: str

    def __repr__(self) -> str:
        return f"Letter({self.id})"


def checked_address(text: str) -> str:
    """The address if it is valid. Raises `BadAddress`."""
    if len(text) > _ADDRESS_MAX or _ADDRESS.fullmatch(text) is None:
        raise BadAddress("not an e-mail address")
    return text


def compose(letter: Letter, sender: str, now: datetime) -> EmailMessage:
    """The message as it is sent.

    Raises `BadAddress`, or ValueError for an id or subject that is not allowed in a header.
    """
    if _ID.fullmatch(letter.id) is None:
        raise ValueError("a letter's id is letters, digits, dots and dashes")
    name, address = parseaddr(sender)
    local, _, domain = checked_address(address).rpartition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, local, domain)
    message["To"] = Address(addr_spec=checked_address(letter.to))
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{letter.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="8bit")
    return message


def masked(address: str) -> str:
    """The address, masked so that only its owner recognises it: `m***@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
