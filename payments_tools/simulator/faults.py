"""The misbehaviours of specification §16: names, parameters, defaults, and how to request them."""

import re
from enum import Enum
from typing import Final

from payments_tools.simulator.errors import ApiError

_KEYWORD: Final = re.compile(r"sim:([A-Za-z0-9_-]+)(?:=([0-9]{1,9}(?:\.[0-9]{1,6})?))?", re.ASCII)
_PLANTED: Final = re.compile(r"([A-Za-z0-9_-]+)(?:=([0-9]{1,9}(?:\.[0-9]{1,6})?))?", re.ASCII)
_MAGIC_BASE_MINOR: Final = 700_000


class Fault(Enum):
    """One misbehaviour; the value is its keyword."""

    DELAY = "delay"
    DROP_AFTER_ACCEPT = "drop-after-accept"
    DROP_BEFORE_ACCEPT = "drop-before-accept"
    ERROR_AFTER_ACCEPT = "500-after-accept"
    ERROR_BEFORE_ACCEPT = "500-before-accept"
    HTML = "html-200"
    RATE_LIMITED = "429"
    UNAVAILABLE = "503"
    INSUFFICIENT_FUNDS = "insufficient-funds"
    WALLET_NOT_FOUND = "wallet-not-found"
    WALLET_BLOCKED = "wallet-blocked"
    COMPLIANCE = "compliance"
    FAIL = "fail"
    CANCEL = "cancel"
    STUCK = "stuck"
    RETURN = "return"
    DUPLICATE_CALLBACKS = "duplicate-callbacks"
    REORDER_CALLBACKS = "reorder-callbacks"
    LATE_CALLBACKS = "late-callbacks"
    LOSE_CALLBACKS = "lose-callbacks"
    FORGE_CALLBACKS = "forge-callbacks"
    NOT_FOUND_FIRST = "not-found-first"
    ALTER_AMOUNT = "alter-amount"
    ALTER_CURRENCY = "alter-currency"
    AUTO_PAY = "auto-pay"
    UNDERPAY = "underpay"
    OVERPAY = "overpay"
    LATE_PAY = "late-pay"
    PAY_CURRENCY = "pay-currency"
    SETTLE = "settle"


Faults = dict[Fault, float]
"""Misbehaviours of one transaction with their parameters."""

_DEFAULTS: Final[Faults] = {
    Fault.DELAY: 5,
    Fault.NOT_FOUND_FIRST: 2,
    Fault.LATE_CALLBACKS: 5,
    Fault.ALTER_AMOUNT: 100,
    Fault.RETURN: -1,  # the transaction's own settle time
}
_OTHER_DEFAULT: Final = 1.0

_MAGIC: Final[dict[int, Fault]] = {
    1: Fault.DELAY,
    2: Fault.DROP_AFTER_ACCEPT,
    3: Fault.DROP_BEFORE_ACCEPT,
    4: Fault.ERROR_AFTER_ACCEPT,
    5: Fault.ERROR_BEFORE_ACCEPT,
    6: Fault.HTML,
    7: Fault.RATE_LIMITED,
    8: Fault.UNAVAILABLE,
    11: Fault.INSUFFICIENT_FUNDS,
    12: Fault.WALLET_NOT_FOUND,
    13: Fault.WALLET_BLOCKED,
    14: Fault.COMPLIANCE,
    21: Fault.FAIL,
    22: Fault.CANCEL,
    23: Fault.STUCK,
    24: Fault.RETURN,
    31: Fault.DUPLICATE_CALLBACKS,
    32: Fault.REORDER_CALLBACKS,
    33: Fault.LATE_CALLBACKS,
    34: Fault.LOSE_CALLBACKS,
    35: Fault.FORGE_CALLBACKS,
    41: Fault.NOT_FOUND_FIRST,
    42: Fault.ALTER_AMOUNT,
    43: Fault.ALTER_CURRENCY,
    51: Fault.AUTO_PAY,
    52: Fault.UNDERPAY,
    53: Fault.OVERPAY,
    54: Fault.LATE_PAY,
    55: Fault.PAY_CURRENCY,
}

AUTO_PAID: Final = {
    Fault.AUTO_PAY,
    Fault.UNDERPAY,
    Fault.OVERPAY,
    Fault.LATE_PAY,
    Fault.PAY_CURRENCY,
    Fault.FAIL,
    Fault.STUCK,
}
"""A deposit with one of these is paid without a browser."""


def asked_for(description: str, minor: int) -> Faults:
    """The misbehaviours requested by the description and by the amount. Raises `ApiError`."""
    found = dict(_fault(name, value) for name, value in _KEYWORD.findall(description))
    magic = _MAGIC.get(minor - _MAGIC_BASE_MINOR)
    if magic is not None:
        found.setdefault(magic, _default(magic))
    return found


def parse(words: list[str]) -> Faults:
    """The misbehaviours of keywords without prefix (`["delay=2", "html-200"]`). Raises
    `ApiError`.
    """
    found: Faults = {}
    for word in words:
        match = _PLANTED.fullmatch(word)
        if match is None:
            raise ApiError("invalid_field", f"No misbehaviour {word[:40]!r}.", field="faults")
        fault, value = _fault(match[1], match[2] or "")
        found[fault] = value
    return found


def to_json(faults: Faults) -> dict[str, float]:
    """Keyed by keyword, as stored and shown."""
    return {fault.value: value for fault, value in faults.items()}


def from_json(stored: dict[str, float]) -> Faults:
    """The inverse of `to_json`."""
    return {Fault(name): value for name, value in stored.items()}


def _fault(name: str, value: str) -> tuple[Fault, float]:
    try:
        fault = Fault(name)
    except ValueError:
        raise ApiError(
            "invalid_field", f"No misbehaviour sim:{name[:40]}.", field="description"
        ) from None
    return fault, float(value) if value else _default(fault)


def _default(fault: Fault) -> float:
    return _DEFAULTS.get(fault, _OTHER_DEFAULT)
