"""Commands of the package `payments_tools`, if it is installed (decision 0046).

The package is looked up by name when the command line starts: the product imports nothing from it
and works without it.
"""

import importlib
import importlib.util
import pkgutil
from typing import Final

import typer

PACKAGE: Final = "payments_tools.commands"


def tool_names() -> list[str]:
    """The installed commands: each is a module with `add_to(app)`."""
    if importlib.util.find_spec(PACKAGE.partition(".")[0]) is None:
        return []
    return sorted(m.name for m in pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__))


def add_tools(app: typer.Typer) -> None:
    """Add the installed commands to the command line."""
    for name in tool_names():
        importlib.import_module(f"{PACKAGE}.{name}").add_to(app)
