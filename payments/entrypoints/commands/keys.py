"""`payments keys`: API keys of the native API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from payments.entrypoints.commands.context import DataDir, with_engine
from payments.http.scopes import SCOPES
from payments.kernel.clock import rfc3339, utc_now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from payments.apikeys.writes import StoredKey
    from payments.entrypoints.settings import Settings

app: Final = typer.Typer(no_args_is_help=True, help="API keys.")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="The client: keys of one name are one caller.")],
    scopes: Annotated[str, typer.Option(help=f"Comma separated: {', '.join(SCOPES)}; or *.")],
    data_dir: DataDir = None,
) -> None:
    """Create a key and print only the key on stdout. It is shown only once."""
    from payments.apikeys.writes import create_key

    scopes_ = tuple(s.strip() for s in scopes.split(",") if s.strip())

    async def work(engine: AsyncEngine, settings: Settings) -> str:
        token = await create_key(engine, utc_now, env=settings.env.value, name=name, scopes=scopes_)
        return token.text()

    try:
        typer.echo(with_engine(data_dir, work))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.command("list")
def list_(data_dir: DataDir = None) -> None:
    """List the keys, without their secrets."""
    from rich.console import Console
    from rich.table import Table

    from payments.apikeys.writes import list_keys

    async def work(engine: AsyncEngine, _settings: Settings) -> list[StoredKey]:
        return await list_keys(engine)

    table = Table("id", "client", "scopes", "created", "revoked")
    for key in with_engine(data_dir, work):
        revoked = rfc3339(key.revoked_at) if key.revoked_at else ""
        table.add_row(key.id, key.name, ", ".join(key.scopes), rfc3339(key.created_at), revoked)
    Console(highlight=False).print(table, markup=False)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id of the key, or the key itself.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke a key; it stops working within seconds."""
    from payments.apikeys.writes import revoke_key

    public = key_id.split("_")[2] if key_id.startswith("pk_") and key_id.count("_") > 2 else key_id  # noqa: PLR2004

    async def work(engine: AsyncEngine, _settings: Settings) -> bool:
        return await revoke_key(engine, utc_now, public)

    if not with_engine(data_dir, work):
        typer.echo(f"there is no valid key {public}", err=True)
        raise typer.Exit(1)
    typer.echo(f"revoked {public}", err=True)
