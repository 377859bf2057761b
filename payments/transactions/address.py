"""Addresses of accounts in requests: `wallet:17`, `account:fees`."""

import re
from typing import Final

from payments.kernel.ids import AccountId
from payments.kernel.strict import NotRead, read_id
from payments.ledger import chart

WALLET: Final = "wallet:"
ACCOUNT: Final = "account:"
NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def read_address(text: str) -> str:
    """The address itself, when it is one. Raises `NotRead`."""
    if text.startswith(WALLET):
        read_id(text.removeprefix(WALLET))
        return text
    if text.startswith(ACCOUNT):
        read_name(text.removeprefix(ACCOUNT))
        return text
    raise NotRead("wallet:<number> or account:<name>")


def read_name(text: str) -> str:
    """The name of a house account. Raises `NotRead`."""
    if _NAME.fullmatch(text) is None:
        raise NotRead("a name: 1 to 64 ASCII letters, digits, _ . -, beginning with no sign")
    return text


def name_in(address: str) -> str | None:
    """The house account's name, None for a wallet."""
    return address.removeprefix(ACCOUNT) if address.startswith(ACCOUNT) else None


def account_id_at(address: str, currency: str) -> AccountId:
    """The account of an address in a currency."""
    name = name_in(address)
    if name is None:
        return chart.wallet(int(address.removeprefix(WALLET)))
    return chart.named(name, currency).id
