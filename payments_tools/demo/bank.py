"""`payments seed bank`: the assignment's tables, and a marketplace to try them with."""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.banks.open_account
import payments.banks.open_bank
from payments.banks import queries, writes
from payments.banks.books import CURRENCY
from payments.banks.open_account import OpenBankAccount
from payments.banks.open_bank import OpenBank
from payments.kernel.clock import Clock, utc_now
from payments.kernel.errors import Unavailable
from payments.kernel.money import plain_minor
from payments.operations.outcome import Status
from payments.operations.submit import Request, Submitter, keyed

API_KEY: Final = "sfxf2d@3"
"""The key of the assignment's examples, so that they work as written (development only)."""
MARKETPLACE: Final = "demo"

BANKS: Final = (
    OpenBank(bank_id=1, name="sber", opening_minor=10_000_000_00),
    OpenBank(bank_id=2, name="alfa", opening_minor=20_000_000_00),
)
CLIENTS: Final = ((1, "mike", "mike@example.com"), (2, "jane", "jane@example.com"))
ACCOUNTS: Final = (
    OpenBankAccount(bank_id=1, client_id=1, number="1xf3g", opening_minor=10_000_00),
    OpenBankAccount(bank_id=1, client_id=2, number="1ck3l", opening_minor=300_000_00),
    OpenBankAccount(bank_id=2, client_id=1, number="2mzp5", opening_minor=25_000_00),
)
TARIFFS: Final = (((1, 2), "5", 50_00), ((2, 1), "2", 100_00))

_ACTOR: Final = "seed"
_WAIT_S: Final = 30.0


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Load the tables and print them; the key is printed last, on its own line."""
    await seed_banks(engine, submitter, utc_now)
    for bank in BANKS:
        say(f"bank {bank.bank_id} {bank.name}: {plain_minor(bank.opening_minor, CURRENCY)}")
    for account in ACCOUNTS:
        minor = await queries.find_balance(engine, account.number)
        say(f"account {account.number}: {plain_minor(minor or 0, CURRENCY)} {CURRENCY.code}")
    say(f"marketplace {MARKETPLACE}")
    say(f"api_key: {API_KEY}")


async def seed_banks(engine: AsyncEngine, submitter: Submitter, clock: Clock) -> int:
    """Load the tables and return the marketplace's id; repeating it changes nothing.

    Raises `Unavailable` when no consumer decides the operations.
    """
    for bank in BANKS:
        key = f"bank:{bank.bank_id}"
        await _apply(
            submitter, keyed(payments.banks.open_bank.OPERATION, bank, actor=_ACTOR, key=key)
        )
    for client_id, name, email in CLIENTS:
        await writes.put_client(engine, clock, client_id=client_id, name=name, email=email)
    for account in ACCOUNTS:
        key = f"bank account:{account.number}"
        operation = payments.banks.open_account.OPERATION
        await _apply(submitter, keyed(operation, account, actor=_ACTOR, key=key))
    for banks, percent, min_minor in TARIFFS:
        await writes.put_tariff(engine, banks, percent=percent, min_minor=min_minor)
    marketplace_id = await writes.put_marketplace(engine, clock, MARKETPLACE)
    await writes.add_key(engine, clock, marketplace_id, API_KEY)
    return marketplace_id


async def _apply(submitter: Submitter, request: Request) -> None:
    decision = (await submitter(request, _WAIT_S)).decision
    if decision is None:
        raise Unavailable("nobody decides: is a consumer running?", code="not_decided")
    if decision.status != Status.APPLIED.value:
        wanted = msgspec.to_builtins(request.intent)
        raise ValueError(f"{decision.kind} was refused: {decision.reason} for {wanted}")
