"""Five organizations to try the bank's webhook with."""

from collections.abc import Iterator
from typing import Final

from faker import Faker
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.queries import OrganizationView, get_organization
from payments.bankpayments.writes import ensure_organization
from payments.kernel.clock import Clock

COUNT: Final = 5
FIRST_INN: Final = "1234567890"
"""The one in the bank's own example."""
_SEED: Final = 20240427
"""Fixed, so that seeding again finds the same organizations."""


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
