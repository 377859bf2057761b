"""`payments users`: the shop's administrator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, with_engine
from payments.kernel.clock import utc_now
from payments.kernel.ids import new_secret

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.entrypoints.settings import Settings

VARIABLE: Final = "PAYMENTS_ADMIN_PASSWORD"

app: Final = typer.Typer(no_args_is_help=True, help="Users of the shop.")


@app.callback()
def users() -> None:
    """Users of the shop."""


@app.command("create-admin")
def create_admin(
    login: Annotated[str, typer.Option(help="Login of the administrator.")] = "admin",
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the password.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Create an administrator, or set a new password for one.

    The password comes from PAYMENTS_ADMIN_PASSWORD or a prompt; otherwise one is generated and only
    it is printed on stdout. It is not an option: other users of this machine can read command
    lines.
    """
    from payments.users.passwords import PASSWORD_MIN, Passwords
    from payments.users.tables import LOGIN_MAX
    from payments.users.writes import ensure_admin

    if not login.strip() or len(login) > LOGIN_MAX or not login.isprintable():
        raise typer.BadParameter(f"a login has 1 to {LOGIN_MAX} visible characters")
    chosen = os.environ.get(VARIABLE, "")
    if ask:
        chosen = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    if chosen and len(chosen) < PASSWORD_MIN:
        raise typer.BadParameter(f"a password has at least {PASSWORD_MIN} characters")
    password = chosen or new_secret(12)

    async def work(engine: AsyncEngine, _settings: Settings) -> bool:
        return await ensure_admin(engine, utc_now, Passwords(), login.strip(), password)

    is_changed = with_engine(data_dir, work)
    typer.echo(f"administrator {login.strip()}: {'set' if is_changed else 'as it was'}", err=True)
    if not chosen:
        typer.echo(password)
