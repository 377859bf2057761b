"""`payments operators`: who may log in to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, with_engine
from payments.kernel.clock import rfc3339, utc_now
from payments.operators.status import Role

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings
    from payments.operators.queries import Operator

app: Final = typer.Typer(no_args_is_help=True, help="Operators of the console.")

_ALL: Final = 10_000
Login = Annotated[str, typer.Option(help="1 to 64 of a-z, 0-9 and . _ @ -; for ever.")]


@app.command()
def create(
    login: Login,
    role: Annotated[Role, typer.Option(help="What the operator may do.")] = Role.VIEWER,
    data_dir: DataDir = None,
    *,
    second_factor: Annotated[
        bool, typer.Option("--second-factor", help="Require a second factor.")
    ] = False,
    unless_active: Annotated[
        bool,
        typer.Option(
            "--unless-active",
            help="Do nothing for an operator who has a password; else print a new link.",
        ),
    ] = False,
) -> None:
    """Create an operator and print only the one-time link to set a password."""
    from payments.entrypoints.console import console_config
    from payments.operators.action import COMMAND_LINE
    from payments.operators.queries import find_operator
    from payments.operators.writes import create_operator, reset_operator

    async def work(engine: AsyncEngine, settings: Settings) -> str:
        now, by = utc_now(), COMMAND_LINE
        known = await find_operator(engine, login.strip().lower()) if unless_active else None
        if known is not None and known.state != "invited":
            return ""
        token = (
            await create_operator(
                engine, login, role, must_use_second_factor=second_factor, by=by, now=now
            )
            if known is None
            else await reset_operator(engine, login, by=by, now=now)
        )
        return console_config(settings).link(token)

    link = with_engine(data_dir, work)
    if link:
        typer.echo(link)


@app.command("list")
def list_(data_dir: DataDir = None) -> None:
    """List the operators."""
    from rich.console import Console
    from rich.table import Table

    from payments.operators.queries import list_operators

    async def work(engine: AsyncEngine, _settings: Settings) -> list[Operator]:
        return list(await list_operators(engine, "", _ALL))

    table = Table("login", "role", "state", "second factor", "created")
    for operator in with_engine(data_dir, work):
        factor = "on" if operator.has_second_factor else "off"
        required = ", required" if operator.must_use_second_factor else ""
        created = rfc3339(operator.created_at)
        row = (operator.login, operator.role, operator.state, f"{factor}{required}", created)
        table.add_row(*row)
    Console(highlight=False).print(table, markup=False)


@app.command()
def disable(login: Login, data_dir: DataDir = None) -> None:
    """Disable an operator: sessions end at once, nobody logs in with it any more."""
    from payments.operators.action import COMMAND_LINE
    from payments.operators.writes import set_disabled

    async def work(engine: AsyncEngine, _settings: Settings) -> None:
        await set_disabled(engine, login, is_disabled=True, by=COMMAND_LINE, now=utc_now())

    with_engine(data_dir, work)
    typer.echo(f"{login} is disabled", err=True)


@app.command()
def reset(login: Login, data_dir: DataDir = None) -> None:
    """Take password, second factor and sessions away; print only the new one-time link."""
    from payments.entrypoints.console import console_config
    from payments.operators.action import COMMAND_LINE
    from payments.operators.writes import reset_operator

    async def work(engine: AsyncEngine, settings: Settings) -> str:
        token = await reset_operator(engine, login, by=COMMAND_LINE, now=utc_now())
        return console_config(settings).link(token)

    typer.echo(with_engine(data_dir, work))
