"""Loads SQL files that stand beside the code using them; their first line says why each exists."""

from functools import cache
from pathlib import Path


@cache
def load_sql(module_file: str, name: str) -> str:
    """The text of `sql/<name>.sql` beside the module whose `__file__` is given."""
    return (Path(module_file).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
