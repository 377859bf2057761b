"""`payments seed bank`: the assignment's own tables, and a marketplace to try them with."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks import demo, queries
from payments.banks.books import CURRENCY
from payments.kernel.clock import utc_now
from payments.kernel.money import plain_minor
from payments.operations.submit import Submitter


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Make them and say what there is; the key comes last, on a line of its own."""
    await demo.seed_banks(engine, submitter, utc_now)
    for bank in demo.BANKS:
        say(f"bank {bank.bank_id} {bank.name}: {plain_minor(bank.opening_minor, CURRENCY)}")
    for account in demo.ACCOUNTS:
        minor = await queries.find_balance(engine, account.number)
        say(f"account {account.number}: {plain_minor(minor or 0, CURRENCY)} {CURRENCY.code}")
    say(f"marketplace {demo.MARKETPLACE}")
    say(f"api_key: {demo.API_KEY}")
