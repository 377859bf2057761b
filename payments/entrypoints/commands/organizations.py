"""`payments organizations`: organizations the bank's webhook may pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, with_engine
from payments.kernel.clock import utc_now
from payments.kernel.money import currency_of, format_minor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings

app: Final = typer.Typer(help="Organizations the bank may pay for.", no_args_is_help=True)


@app.command()
def add(
    inn: Annotated[str, typer.Option(help="10 or 12 digits.")],
    name: Annotated[str, typer.Option(help="For people.")],
    data_dir: DataDir = None,
) -> None:
    """Add an organization; payments that waited for its INN move to it."""
    from payments.bankpayments.inn import checked_inn
    from payments.bankpayments.writes import add_organization
    from payments.entrypoints.logging import configure_logging

    async def work(engine: AsyncEngine, settings: Settings) -> int:
        await add_organization(engine, utc_now, inn=checked_inn(inn), name=name)
        return await _match(engine, settings, inn)

    configure_logging("warning", "organizations")  # to stderr: stdout is for people
    matched = with_engine(data_dir, work)
    typer.echo(f"added {inn}; payments that waited for it: {matched}")


@app.command("list")
def list_all(data_dir: DataDir = None) -> None:
    """List the newest 200."""
    from payments.bankpayments.queries import list_organizations
    from payments.bankpayments.tables import CURRENCY

    async def work(engine: AsyncEngine, _settings: Settings) -> None:
        typer.echo(f"{'INN':<14}{'balance, ' + CURRENCY:>16}  name")
        for organization in await list_organizations(engine):
            balance = format_minor(organization.minor, currency_of(CURRENCY))
            typer.echo(f"{organization.inn:<14}{balance:>16}  {organization.name}")

    with_engine(data_dir, work)


async def _match(engine: AsyncEngine, settings: Settings, inn: str) -> int:
    """Submit matches for payments that waited for it; a running consumer decides them."""
    from payments.bankpayments.matching import submit_matches
    from payments.operations.door import RedisDoor
    from payments.operations.results import OutcomeReader
    from payments.operations.submit import Submitter

    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    await door.start()
    await outcomes.start()
    try:
        return await submit_matches(engine, Submitter(door, outcomes, utc_now), inn=inn)
    finally:
        await outcomes.stop()
        await door.stop()
