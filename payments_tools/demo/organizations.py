"""`payments seed organizations`: five organizations with INNs and empty accounts."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.matching import submit_matches
from payments.bankpayments.queries import OrganizationView, get_organization
from payments.bankpayments.tables import CURRENCY
from payments.bankpayments.writes import ensure_organization
from payments.kernel.clock import Clock, utc_now
from payments.kernel.money import currency_of, format_minor
from payments.operations.submit import Submitter

ORGANIZATIONS: Final = (
    ("1234567890", "Фадеева Инкорпорэйтед"),
    ("7175054666", "Носков Групп"),
    ("1062128669", "РАО «Богданов Сергеев»"),
    ("4678413860", "ИП «Силина-Кулагин»"),
    ("5254616434", "ОАО «Афанасьева Гуляева»"),
)
"""INN and name, all invented; the first INN is the one in the bank's own example."""
_WAIT_S: Final = 10


async def seed(engine: AsyncEngine, submitter: Submitter, say: Callable[[str], None]) -> None:
    """Add the missing ones, match payments in suspense, and print all five."""
    await seed_organizations(engine, utc_now)
    await submit_matches(engine, submitter, wait_s=_WAIT_S)
    say(f"{'INN':<14}{'balance, ' + CURRENCY:>16}  name")
    for found in await seed_organizations(engine, utc_now):
        balance = format_minor(found.minor, currency_of(CURRENCY))
        say(f"{found.inn:<14}{balance:>16}  {found.name}")


async def seed_organizations(engine: AsyncEngine, clock: Clock) -> list[OrganizationView]:
    """Add the missing ones and return all five."""
    seeded = []
    for inn, name in ORGANIZATIONS:
        await ensure_organization(engine, clock, inn=inn, name=name)
        seeded.append(await get_organization(engine, inn))
    return seeded
