"""What the architecture tests read: the files git knows, and their syntax trees."""

import ast
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_GENERATED = {".venv", "__pycache__", ".git", ".payments"}


@cache
def files() -> tuple[str, ...]:
    """Paths of all files of the project; without git, all that is not generated."""
    listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    if listed:
        return tuple(name for name in listed.splitlines() if (ROOT / name).is_file())
    return tuple(sorted(_walk()))


def _walk() -> Iterator[str]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in _GENERATED and not f.startswith(".")]
        for name in names:
            yield str((Path(folder) / name).relative_to(ROOT))


def git(*arguments: str) -> str:
    """What git says, "" where the project is no repository."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments],  # noqa: S607 - git as the developer has it
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode == 0 else ""


def text(name: str) -> str:
    """The text of a file of the project."""
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree(name: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(text(name), filename=name)


def python(*folders: str) -> list[str]:
    """Paths of the Python files under the folders, all of them when none is named."""
    return [
        name
        for name in files()
        if name.endswith(".py")
        and (not folders or name.startswith(tuple(f"{f}/" for f in folders)))
    ]
