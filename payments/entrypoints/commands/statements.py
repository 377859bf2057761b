"""`payments statements`: bank statements from files, without HTTP and without its limit of size."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from payments.entrypoints.commands.context import DataDir, settings_of
from payments.kernel.clock import utc_now
from payments.kernel.errors import PaymentsError
from payments.kernel.money import Currency, currency_of, format_minor

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings
    from payments.statements.line import Line
    from payments.statements.queries import StatementView
    from payments.statements.statement import Statement

app: Final = typer.Typer(help="Statements of banks and providers.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
_FORMATS: Final = "auto, 1c, camt053, mt940, csv:<profile> or json:superpay."
Format = Annotated[str, typer.Option("--format", help=_FORMATS)]
Account = Annotated[str, typer.Option(help="Ours at the bank; a CSV file needs it.")]
_AUTO: Final = "auto"
_WAIT_S: Final = 60.0
_ACTOR: Final = "cli"


@app.command("try")
def try_(
    file: File,
    format_: Format = _AUTO,
    rows: Annotated[int, typer.Option(min=1, help="How many lines are shown.")] = 10,
) -> None:
    """Show how the first lines of a file are understood. Nothing is kept; no server is needed."""
    from payments.statements.file import StatementFile
    from payments.statements.read import format_of, read_file

    source = StatementFile(file)
    try:
        statements = read_file(source, format_)
        word = format_of(source) if format_ == _AUTO else format_
    except PaymentsError as error:
        _refuse(error)
    for statement in statements:
        typer.echo("\n".join(_described(statement, word, rows)))


@app.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, readable=True)],
    format_: Format = _AUTO,
    account: Account = "",
    data_dir: DataDir = None,
    *,
    dry: Annotated[bool, typer.Option("--dry-run", help="Check only; keep nothing.")] = False,
) -> None:
    """Import files, in their order. A file with a fault changes nothing and ends the import."""
    from payments.entrypoints.logging import configure_logging

    configure_logging("warning", "statements")  # to stderr: stdout is for people
    with settings_of(data_dir) as settings:
        for file in files:
            try:
                asyncio.run(_import(settings, file, format_, account, is_dry=dry))
            except PaymentsError as error:
                _refuse(error)


async def _import(
    settings: Settings, file: Path, format_: str, account: str, *, is_dry: bool
) -> None:
    from payments.entrypoints.deciding import deciding
    from payments.statements.file import StatementFile
    from payments.statements.load import dry_run, load_file
    from payments.statements.queries import get_statements

    source = await asyncio.to_thread(StatementFile, file)
    async with deciding(settings) as (engine, submitter):
        if is_dry:
            statement, new = await dry_run(engine, source, format_, account)
            typer.echo(f"{file.name}: right; {len(statement.lines)} lines, {new} of them new")
            return
        imported = await load_file(
            engine,
            submitter,
            source,
            format_=format_,
            account=account,
            by=_ACTOR,
            now=utc_now(),
            wait_s=_WAIT_S,
            progress=lambda done, count: _say(f"{file.name}: {done} {count} lines"),
        )
        [view] = await get_statements(engine, [imported.statement_id])
    _say("")
    typer.echo("\n".join(_summary(file.name, view, is_duplicate=imported.is_duplicate)))


def _say(text: str) -> None:
    """Progress on one line of a terminal, on a line each in a log."""
    is_terminal = sys.stderr.isatty()
    if text or is_terminal:
        sys.stderr.write(f"\r\x1b[K{text}" if is_terminal else f"{text}\n")
        sys.stderr.flush()


def _summary(name: str, view: StatementView, *, is_duplicate: bool) -> Iterator[str]:
    status = "was there already" if is_duplicate else "imported"
    yield f"{name}: {status} as statement {view.statement_id}"
    balances = "" if view.opening is None else f"opening {view.opening}, closing {view.closing}, "
    yield f"  account {view.account}, {view.begins} to {view.ends}, {view.currency}"
    yield f"  {balances}received {view.received}, sent {view.sent}, fees {view.fees}"
    booked = f"matched {view.matched}, unmatched {view.unmatched}, fees {view.fee_lines}"
    yield f"  lines {view.lines}, new {view.new_lines}, {booked}, undecided {view.undecided}"
    yield f"  only ours {view.ours_only} ({view.ours_only_amount}), open breaks {view.breaks}"


def _described(statement: Statement, word: str, rows: int) -> Iterator[str]:
    currency = currency_of(statement.currency)

    def amount(minor: int | None) -> str:
        return "-" if minor is None else format_minor(minor, currency)

    account = statement.account or "to be named by --account"
    yield f"format {word}, account {account}, {statement.currency}"
    opening, closing = amount(statement.opening_minor), amount(statement.closing_minor)
    yield f"{statement.begins} to {statement.ends}, opening {opening}, closing {closing}"
    moved = f"received {amount(statement.received_minor)}, sent {amount(statement.sent_minor)}"
    rest = f"fees {amount(statement.fee_minor)}, not booked yet {statement.pending}"
    yield f"{len(statement.lines)} lines, {moved}, {rest}"
    for line in statement.lines[:rows]:
        yield from _line(line, currency)
    if len(statement.lines) > rows:
        yield f"… and {len(statement.lines) - rows} lines more"


def _line(line: Line, currency: Currency) -> Iterator[str]:
    """What each field of the line was read as; empty ones are left out."""
    fee = f", fee {format_minor(line.fee_minor, currency)}" if line.fee_minor else ""
    amount = format_minor(line.minor, currency)
    yield f"line {line.row}: {line.posted} {amount:>16} {line.kind.value}{fee}"
    texts = {
        "number": line.number,
        "document date": line.document_date,
        "time": line.operated_at,
        "INN": line.inn,
        "counterparty": line.counterparty,
        "their account": line.counterparty_account,
        "reference": line.reference,
        "bank's id": line.bank_id,
        "reason": line.reason,
        "purpose": line.purpose,
    }
    for name, text in texts.items():
        if text:
            yield f"    {name}: {text}"


def _refuse(error: PaymentsError) -> NoReturn:
    """Every fault of the file, and exit code 1."""
    typer.echo(f"refused: {error.code}: nothing was changed", err=True)
    faults = error.errors or [{"message": error.detail}]
    for fault in faults:
        where = f"line {fault['line']}, " if "line" in fault else ""
        field = f"{fault['field']}: " if "field" in fault else ""
        typer.echo(f"  {where}{field}{fault['message']}", err=True)
    raise typer.Exit(1)
