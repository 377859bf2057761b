"""`--help` of a command imports nothing that only its work needs: it answers at once."""

import json
import subprocess
import sys
from typing import Final

HEAVY: Final = (
    "aiosmtplib",
    "alembic",
    "argon2",
    "asyncpg",
    "faker",
    "httpx",
    "jinja2",
    "litestar",
    "prometheus_client",
    "redis",
    "sqlalchemy",
    "structlog",
    "uvicorn",
    "uvloop",
)

ASK_EACH: Final = """
import contextlib, io, json, sys
import typer.main
from payments.entrypoints.cli import app

def paths(command, path):
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from paths(child, [*path, name])

answered = {}
for path in paths(typer.main.get_command(app), []):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        app([*path, "--help"], standalone_mode=False)
    answered[" ".join(path)] = len(text.getvalue())
json.dump({"answered": answered, "modules": sorted(sys.modules)}, sys.stdout)
"""


def test_help_of_every_command_imports_nothing_heavy() -> None:
    # one process for all of them: what one command imports is seen as well as with one for each
    done = subprocess.run([sys.executable, "-c", ASK_EACH], capture_output=True, check=True)
    seen = json.loads(done.stdout)
    assert {"up", "keys create", "statements import", "bench growth", "seed"} <= set(
        seen["answered"]
    )
    assert min(seen["answered"].values()) > 0
    assert set(HEAVY) & set(seen["modules"]) == set()


ASK_ROLES: Final = """
import sys
import payments.entrypoints.cli
from payments.entrypoints.memory import without_rich
without_rich()
import payments.entrypoints.api, payments.entrypoints.consumer
print([name for name in sys.modules if name.startswith("rich.")])
"""


def test_a_role_does_not_load_rich() -> None:
    """It draws tables in a terminal; in each role it took megabytes."""
    done = subprocess.run([sys.executable, "-c", ASK_ROLES], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]", done.stderr
