"""`payments seed organizations`: five organizations with INNs and nothing on their accounts."""

from collections.abc import Callable, Iterator
from typing import Final

from faker import Faker
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.matching import submit_matches
from payments.bankpayments.queries import OrganizationView, get_organization
from payments.bankpayments.tables import CURRENCY
from payments.bankpayments.writes import ensure_organization
from payments.kernel.clock import Clock, utc_now
from payments.kernel.money import currency_of, format_minor
from payments.operations.submit import Submitter

COUNT: Final = 5
FIRST_INN: Final = "1234567890"
"""The one in the bank's own example."""
_SEED: Final = 20240427
"""Fixed, so that seeding again finds the same organizations."""
_WAIT_S: Final = 10


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Make those that are missing, give them what waited for them, and print all five."""
    await seed_organizations(engine, utc_now)
    await submit_matches(engine, submitter, wait_s=_WAIT_S)
    say(f"{'INN':<14}{'balance, ' + CURRENCY:>16}  name")
    for found in await seed_organizations(engine, utc_now):
        balance = format_minor(found.minor, currency_of(CURRENCY))
        say(f"{found.inn:<14}{balance:>16}  {found.name}")


async def seed_organizations(engine: AsyncEngine, clock: Clock) -> list[OrganizationView]:
    """Make those that are missing; gives all five."""
    found = []
    for inn, name in demo_organizations():
        await ensure_organization(engine, clock, inn=inn, name=name)
        found.append(await get_organization(engine, inn))
    return found


def demo_organizations() -> Iterator[tuple[str, str]]:
    """INN and name of each."""
    faker = Faker("ru_RU")
    faker.seed_instance(_SEED)
    yield FIRST_INN, faker.company()
    for _ in range(COUNT - 1):
        yield faker.unique.businesses_inn(), faker.company()
