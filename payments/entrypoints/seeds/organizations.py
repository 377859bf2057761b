"""`payments seed organizations`: five organizations with INNs and nothing on their accounts."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.demo import seed_organizations
from payments.bankpayments.matching import submit_matches
from payments.bankpayments.tables import CURRENCY
from payments.kernel.clock import utc_now
from payments.kernel.money import currency_of, format_minor
from payments.operations.submit import Submitter

_WAIT_S = 10


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Make those that are missing, give them what waited for them, and print all five."""
    await seed_organizations(engine, utc_now)
    await submit_matches(engine, submitter, wait_s=_WAIT_S)
    say(f"{'INN':<14}{'balance, ' + CURRENCY:>16}  name")
    for found in await seed_organizations(engine, utc_now):
        balance = format_minor(found.minor, currency_of(CURRENCY))
        say(f"{found.inn:<14}{balance:>16}  {found.name}")
