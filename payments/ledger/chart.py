"""The chart of accounts: every account id is derived, never looked up.

An id is `kind` (7 bits) above a local number (56 bits): the wallet number, the bill number, or for
a house account its number and currency. A batch therefore knows every row it must lock from the
intents alone, and ids stay dense in their index.
"""

import enum
import hashlib
from functools import lru_cache
from typing import Final

import msgspec

from payments.kernel.ids import AccountId
from payments.kernel.money import CURRENCIES, currency_of

_LOCAL_BITS: Final = 56
_CURRENCY_BITS: Final = 10
LOCAL_MAX: Final = (1 << _LOCAL_BITS) - 1


class Guard(enum.Enum):
    """Which side may not go below zero."""

    NONE = 0
    CREDIT = 1
    """Money we owe (a wallet): credits - debits - pending debits stay at or above zero."""
    DEBIT = 2
    """Money owed to us: debits - credits - pending credits stay at or above zero."""


class AccountStatus(enum.Enum):
    """Whether money may go in and out of an account; a wallet's state is stored only here."""

    OPEN = "open"
    FROZEN = "frozen"
    """Neither in nor out, until it is opened again."""
    FROZEN_DEBITS = "frozen_debits"
    """In, but not out."""
    FROZEN_CREDITS = "frozen_credits"
    """Out, but not in."""
    CLOSED = "closed"
    """Neither in nor out, permanently."""


class Kind(enum.Enum):
    """The purpose of an account. The numbers are stored: never reuse one."""

    WALLET = 0
    BILL = 1
    ORGANIZATION = 2
    BANK_ACCOUNT = 3
    OPENING = 64
    """Counterpart of opening balances and adjustments."""
    BANK_WEBHOOK = 65
    """Money the bank reports as received for organizations."""
    SUSPENSE = 66
    """Money received that has no owner yet."""
    SHOP_TOPUPS = 67
    SHOP_SALES = 68
    SUPERPAY_CLEARING = 69
    SUPERPAY_BREAKS = 70
    """Differences found with the provider, until an operator resolves them."""
    BANK_CAPITAL = 71
    BANK_FEES = 72
    BANK_CLEARING = 73
    BANK_OWN = 74
    """A bank's own money, apart from the fees it earned."""
    ACCOUNT = 75
    """A house account that a client named."""
    STATEMENT = 76
    """Our account at a bank, as its statements say."""
    STATEMENT_UNEXPLAINED = 77
    """The other side of statement lines that nobody has explained yet."""


class AccountSpec(msgspec.Struct, frozen=True):
    """An account of the chart; `book` is 0 for our own books, else the bank's number."""

    id: AccountId
    code: str
    currency: str
    guard: Guard
    book: int = 0


def account_id(kind: Kind, local: int) -> AccountId:
    """The id of account number `local` of a kind."""
    if not 0 <= local <= LOCAL_MAX:
        raise ValueError(f"account number {local} does not fit {_LOCAL_BITS} bits")
    return AccountId(kind.value << _LOCAL_BITS | local)


def owned(kind: Kind, local: int, currency: str, book: int = 0) -> AccountSpec:
    """An account of somebody else's money: it never goes below zero."""
    code = f"{kind.name.lower()}:{local}"
    return AccountSpec(account_id(kind, local), code, currency, Guard.CREDIT, book)


@lru_cache(maxsize=1024)  # there are few, and a line of a statement names six of them
def house(kind: Kind, currency: str, number: int = 0, book: int = 0) -> AccountSpec:
    """Our own account of a kind in a currency; its balance may be negative.

    Raises `InvalidCurrency` for a code that is not ISO 4217.
    """
    iso = currency_of(currency)
    local = number << _CURRENCY_BITS | iso.number
    name = kind.name.lower()
    code = f"{name}:{number}:{iso.code}" if number else f"{name}:{iso.code}"
    return AccountSpec(account_id(kind, local), code, iso.code, Guard.NONE, book)


@lru_cache(maxsize=1024)
def named(name: str, currency: str, *, allow_negative: bool = False) -> AccountSpec:
    """The house account that a client named; unless it may, it never goes below zero.

    Its number is cut from a digest. Two names of one number do not meet by chance, and whoever
    uses the account compares its code.
    """
    code = f"account:{name}:{currency}"
    local = int.from_bytes(hashlib.sha256(code.encode()).digest()[: _LOCAL_BITS // 8])
    guard = Guard.NONE if allow_negative else Guard.CREDIT
    return AccountSpec(account_id(Kind.ACCOUNT, local), code, currency, guard)


def address_of(id_: int, code: str) -> str:
    """How answers name an account: `wallet:1`, `account:fees`, `bill:7`, `system:opening`.

    The address of a house account leaves its currency out: it stands beside every amount.
    """
    kind = id_ >> _LOCAL_BITS
    if kind < Kind.OPENING.value:
        return code
    without_currency = code.rpartition(":")[0]
    return without_currency if kind == Kind.ACCOUNT.value else f"system:{without_currency}"


def system_ids(address: str) -> tuple[AccountId, ...] | None:
    """The accounts of an address that no client chose: `system:opening`, `bill:7`.

    A house account stands in every currency. None: the address is of another sort.
    """
    prefix, _, rest = address.partition(":")
    word, _, number = rest.partition(":") if prefix == "system" else (prefix, "", rest)
    kind = Kind.__members__.get(word.upper()) if word.islower() else None
    if kind in {None, Kind.WALLET, Kind.ACCOUNT} or not (number.isdecimal() or not number):
        return None
    local = min(int(number[:17] or 0), LOCAL_MAX >> _CURRENCY_BITS)
    if prefix != "system":
        return (account_id(kind, local),) if number else None
    return tuple(house(kind, code, local).id for code in CURRENCIES)


def wallet(wallet_id: int) -> AccountId:
    """The account of a wallet. Out-of-range numbers map to 0, which no account has."""
    return AccountId(wallet_id if 0 < wallet_id <= LOCAL_MAX else 0)
