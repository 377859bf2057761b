"""Every field that our code logs is allowed in a line: one that is not would be left out."""

import ast
from pathlib import Path

from payments.entrypoints.logging import ALLOWED

ROOT = Path(__file__).parents[2]
LOGGERS = {"_log", "log", "logger", "_logger"}
RENDERED = {"exc_info"}
"""structlog makes the field `exception` of it."""
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def fields_of(tree: ast.AST) -> set[str]:
    """The names of the fields in calls like `_log.info("event", name=value)`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        keyword.arg
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in LEVELS
        if isinstance(call.func.value, ast.Name) and call.func.value.id in LOGGERS
        for keyword in call.keywords
        if keyword.arg is not None
    }


def test_logged_fields_are_allowed() -> None:
    logged: dict[str, set[str]] = {}
    for folder in ("payments", "streams", "scheduler", "migrations"):
        for path in (ROOT / folder).rglob("*.py"):
            fields = fields_of(ast.parse(path.read_text())) - RENDERED
            if fields:
                logged[str(path.relative_to(ROOT))] = fields
    assert len(logged) > 20, "the calls are not found"
    assert {path: fields - ALLOWED for path, fields in logged.items() if fields - ALLOWED} == {}
