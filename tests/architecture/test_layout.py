"""A file's name says what is in it, the same in every surface and in every capability.

The scheme is written down in docs/architecture.md, "Which file".
"""

import ast
import re
from collections import Counter
from pathlib import PurePath

from tests.architecture.sources import ROOT, python, text, tree

SURFACES = "payments/surfaces"
SURFACE_FILES = {
    "routes.py": "`ROUTER`",
    "bodies.py": "shapes that come in",
    "answers.py": "shapes that are answered",
    "access.py": "who is calling: the scheme",
    "auth.py": "the routes of logging in",
    "signature.py": "signing and checking signatures",
    "config.py": "what the composition root gives the surface",
    "tells.py": "how what it answers is told as events",
}
CAPABILITY_FILES = {
    "tables.py": "tables and records",
    "queries.py": "reads",
    "writes.py": "writes that move no money; the only file that begins a transaction",
    "refusals.py": "the refusals of its operations",
    "status.py": "states",
    "tells.py": "how its rows are told as events",
    "token.py": "secrets shown once, kept as a hash",
    "classify.py": "what a provider's record amounts to",
    "due.py": "what the scheduler is to check",
    "errors.py": "errors that routes answer and no operation gives",
}
NOT_CAPABILITIES = {
    "embedded",
    "entrypoints",
    "http",
    "kernel",
    "ledger",
    "operations",
    "reads",
    "search",
    "surfaces",
}
OTHER_WORDS = re.compile(r"(wire|router|shapes|schemas?|models?|views?|inbox|registry|dto)\.py")
"""Words for what has a name in the scheme already."""
OTHER_WORDS_ALLOWED = {
    "payments/registry.py": "the table of contents: the one registry",
    "streams/inbox.py": "entries read and not yet applied: the one inbox",
}


def files_of(folder: str) -> list[PurePath]:
    return [PurePath(name) for name in python(folder) if not name.endswith("__init__.py")]


def capability_files() -> list[PurePath]:
    return [
        path
        for path in files_of("payments")
        if len(path.parts) == 3 and path.parts[1] not in NOT_CAPABILITIES
    ]


def assigns(path: PurePath, name: str) -> bool:
    """Whether the module gives itself this name at its top."""
    for node in tree(str(path)).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return True
    return False


def test_each_surface_has_its_router_in_routes() -> None:
    routers = {str(path) for path in files_of(SURFACES) if assigns(path, "ROUTER")}
    surfaces = {path.parts[2] for path in files_of(SURFACES)}
    assert routers == {f"{SURFACES}/{surface}/routes.py" for surface in surfaces}


def test_a_name_that_two_surfaces_use_is_in_the_scheme() -> None:
    counts = Counter(path.name for path in files_of(SURFACES))
    routes = {path.name for path in files_of(SURFACES) if assigns(path, "HANDLERS")}
    twice = {name for name, count in counts.items() if count > 1}
    assert twice - set(SURFACE_FILES) - routes == set()


def test_a_name_that_two_capabilities_use_is_in_the_scheme_or_a_verb() -> None:
    counts = Counter(path.name for path in capability_files())
    twice = {name for name, count in counts.items() if count > 1} - set(CAPABILITY_FILES)
    wrong = [
        str(path)
        for path in capability_files()
        if path.name in twice and not assigns(path, "OPERATION")
    ]
    assert wrong == []


def test_an_operation_stands_in_a_file_named_by_its_verb() -> None:
    for path in capability_files():
        if path.name in CAPABILITY_FILES:
            assert not assigns(path, "OPERATION"), path


def test_a_transaction_of_a_capability_begins_in_writes() -> None:
    wrong = [
        str(path)
        for path in capability_files()
        if path.name != "writes.py" and re.search(r"engine\.begin\(", text(str(path)))
    ]
    assert wrong == []


def test_tables_stand_in_tables() -> None:
    wrong = [
        str(path)
        for path in capability_files()
        if path.name != "tables.py" and re.search(r"\bsa\.Table\(", text(str(path)))
    ]
    assert wrong == []


def test_refusals_stand_in_refusals() -> None:
    wrong = [
        str(path)
        for path in capability_files()
        if path.name != "refusals.py" and re.search(r"(?m)^\w+.* = Refusal\(", text(str(path)))
    ]
    assert wrong == []


def test_one_word_for_one_thing() -> None:
    packages = ("payments", "payments_tools", "scheduler", "streams")
    other = {name for name in python(*packages) if OTHER_WORDS.fullmatch(PurePath(name).name)}
    assert other == set(OTHER_WORDS_ALLOWED)


def test_the_scheme_is_written_down() -> None:
    document = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for name in [*SURFACE_FILES, *CAPABILITY_FILES]:
        assert f"| `{name}` |" in document, name
