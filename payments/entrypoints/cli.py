"""The command `payments` and its sub-commands."""

import sys
from typing import Final

import typer

from payments.entrypoints.commands import (
    bank,
    console,
    data,
    keys,
    operators,
    organizations,
    recover,
    roles,
    statements,
    superpay,
    tools,
    users,
)

app: Final = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold secrets
    help="A payments platform: double-entry ledger, durable streams, five outside surfaces.",
)

for command in (
    roles.up,
    roles.api,
    roles.consumer,
    roles.executor,
    roles.scheduler,
    data.migrate,
    operators.audit,
    operators.doctor,
    recover.recover,
):
    app.command()(command)
app.add_typer(keys.app, name="keys")
app.add_typer(console.app, name="operators")
app.add_typer(superpay.app, name="superpay")
app.add_typer(bank.app, name="bank")
app.add_typer(operators.app, name="dead-letters")
app.add_typer(organizations.app, name="organizations")
app.add_typer(statements.app, name="statements")
app.add_typer(users.app, name="users")
tools.add_tools(app)


def main() -> None:
    """Run a command; explains bad settings and exits with code 2."""
    try:
        app()
    except Exception as error:
        from payments.entrypoints.explained import explained

        words, code = explained(error)
        if words is None:
            raise
        sys.stderr.write(words)
        raise SystemExit(code) from None
