"""`payments superpay`: the pause switch of the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, with_engine
from payments.kernel.clock import utc_now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings
    from payments.provider.queries import Switch

app: Final = typer.Typer(no_args_is_help=True, help="The provider: pause and resume.")

Reason = Annotated[str, typer.Option(help="Why; it is kept.")]


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Show whether payouts are sent."""
    from payments.provider.queries import read_switch

    async def work(engine: AsyncEngine, _settings: Settings) -> Switch:
        return await read_switch(engine)

    _print(with_engine(data_dir, work))


@app.command()
def pause(reason: Reason, data_dir: DataDir = None) -> None:
    """Stop sending to SuperPay; payouts stay held, status queries continue."""
    _print(_set(data_dir, reason, is_paused=True))


@app.command()
def resume(reason: Reason = "resumed", data_dir: DataDir = None) -> None:
    """Resume sending."""
    _print(_set(data_dir, reason, is_paused=False))


def _set(data_dir: DataDir, reason: str, *, is_paused: bool) -> Switch:
    from payments.provider.writes import set_switch

    async def work(engine: AsyncEngine, _settings: Settings) -> Switch:
        return await set_switch(
            engine, utc_now, is_paused=is_paused, reason=reason, changed_by="command line"
        )

    return with_engine(data_dir, work)


def _print(switch: Switch) -> None:
    state = "paused" if switch.is_paused else "sending"
    because = f" ({switch.reason}, {switch.changed_by})" if switch.reason else ""
    typer.echo(f"{switch.provider}: {state}{because}")
