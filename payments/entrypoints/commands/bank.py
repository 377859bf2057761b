"""`payments bank`: banks, clients, accounts, tariffs, and marketplaces with their keys."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from payments.banks.status import RefundFee
from payments.entrypoints.commands.context import DataDir, settings_of, with_engine
from payments.kernel.clock import utc_now
from payments.kernel.errors import Conflict, Unavailable
from payments.kernel.money import parse_minor

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings
    from payments.operations.submit import Request

app: Final = typer.Typer(help="The bank API's banks and marketplaces.", no_args_is_help=True)

BankId = Annotated[int, typer.Option(min=1, max=2**31 - 1)]
Money = Annotated[str, typer.Option(help="Decimal text, in roubles.")]
_ACTOR: Final = "cli"
_WAIT_S: Final = 30.0


@app.command("open")
def open_(
    bank_id: Annotated[int, typer.Option("--id", min=1, max=2**31 - 1)],
    name: Annotated[str, typer.Option()],
    capital: Money = "0",
    data_dir: DataDir = None,
) -> None:
    """Open a bank with its capital."""
    from payments.banks.open_bank import OPERATION, OpenBank
    from payments.operations.submit import fresh

    intent = OpenBank(bank_id=bank_id, name=name, opening_minor=_minor(capital))
    _apply(data_dir, fresh(OPERATION, intent, actor=_ACTOR))
    typer.echo(f"opened bank {bank_id} {name}", err=True)


@app.command()
def client(
    client_id: Annotated[int, typer.Option("--id", min=1, max=2**31 - 1)],
    name: Annotated[str, typer.Option()],
    email: Annotated[str, typer.Option(help="Where confirmation codes go.")],
    data_dir: DataDir = None,
) -> None:
    """Add a client, or change its name and address."""
    from payments.banks.writes import put_client

    async def work(engine: AsyncEngine, _settings: Settings) -> None:
        await put_client(engine, utc_now, client_id=client_id, name=name, email=email)

    _checked(data_dir, work)


@app.command()
def account(bank: BankId, client: BankId, opening: Money = "0", data_dir: DataDir = None) -> None:
    """Open an account and print only its number on stdout."""
    from payments.banks.open_account import OPERATION, OpenBankAccount, new_number
    from payments.operations.submit import fresh

    intent = OpenBankAccount(
        bank_id=bank, client_id=client, number=new_number(bank), opening_minor=_minor(opening)
    )
    _apply(data_dir, fresh(OPERATION, intent, actor=_ACTOR))
    typer.echo(intent.number)


@app.command()
def tariff(
    provider: BankId,
    receiver: BankId,
    percent: Annotated[str, typer.Option(help="At most two decimals.")],
    minimum: Money = "0",
    refund_fee: Annotated[RefundFee, typer.Option(help="Of a refund.")] = RefundFee.RETURN,
    data_dir: DataDir = None,
) -> None:
    """Set the price of payments from one bank to another from now on."""
    from payments.banks.writes import put_tariff

    async def work(engine: AsyncEngine, _settings: Settings) -> None:
        await put_tariff(
            engine,
            (provider, receiver),
            percent=percent,
            min_minor=_minor(minimum),
            refund_fee=refund_fee,
        )

    _checked(data_dir, work)


@app.command()
def marketplace(
    name: Annotated[str, typer.Option(help="A new one, or one that needs another key.")],
    data_dir: DataDir = None,
) -> None:
    """Create a marketplace's key and print only the key on stdout. It is shown only once."""
    from payments.banks import token, writes

    key = token.new_key()

    async def work(engine: AsyncEngine, _settings: Settings) -> None:
        marketplace_id = await writes.put_marketplace(engine, utc_now, name)
        await writes.add_key(engine, utc_now, marketplace_id, key)

    with_engine(data_dir, work)
    typer.echo(key)


@app.command()
def revoke(
    key: Annotated[str, typer.Option(prompt=True, hide_input=True)], data_dir: DataDir = None
) -> None:
    """Revoke a marketplace's key at once. The key is prompted for, to keep it
    out of the history.
    """
    from payments.banks.writes import revoke_key

    async def work(engine: AsyncEngine, _settings: Settings) -> bool:
        return await revoke_key(engine, utc_now, key)

    if not with_engine(data_dir, work):
        typer.echo("this is not a valid key", err=True)
        raise typer.Exit(1)


def _minor(text: str) -> int:
    from payments.banks.books import CURRENCY

    return 0 if text == "0" else parse_minor(text, CURRENCY)


def _checked(data_dir: DataDir, work: Any) -> None:
    try:
        with_engine(data_dir, work)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _apply(data_dir: DataDir, request: Request) -> None:
    """Submit and wait; a refusal is reported with its code."""
    import msgspec

    from payments.entrypoints.deciding import deciding
    from payments.entrypoints.logging import configure_logging
    from payments.operations.outcome import Status

    async def run(settings: Settings) -> None:
        async with deciding(settings) as (_, submitter):
            decision = (await submitter(request, _WAIT_S)).decision
        if decision is None:
            raise Unavailable(f"accepted as {request.operation_id}, not decided yet")
        if decision.status != Status.APPLIED.value:
            intent = msgspec.json.encode(request.intent).decode()
            raise Conflict(f"refused: {decision.reason}: {intent}")

    with settings_of(data_dir) as settings:
        configure_logging("warning", "bank")
        asyncio.run(run(settings))
