"""CONTRIBUTING.md tells the truth about adding an operation: one is built by its list, and works.

The new operation is `wallet.close` under other words, built in a copy of the tree as
`wallet.retire`, with a refusal of its own. What the list names is changed and nothing else.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, files, text

MODEL = "payments.wallets.close"
WORDS = (
    ("WALLET_NOT_EMPTY", "WALLET_STILL_USED"),
    ("wallet_not_empty", "wallet_still_used"),
    ("CloseWallet", "RetireWallet"),
    ("WalletClosed", "WalletRetired"),
    ("wallet.close", "wallet.retire"),
    ("wallets.close", "wallets.retire"),
    ("}/close", "}/retire"),
    ("def close(", "def retire("),
)
FILES_MAX = 10
CHECKED = (
    "tests/architecture/test_registry.py",
    "tests/architecture/test_routes.py",
    "tests/architecture/test_documents.py",
    "tests/architecture/test_layout.py",
    "tests/unit/test_wallet_retire.py",
)


def named() -> list[str]:
    """The files of the table "How to add an operation with its endpoint"."""
    table = text("CONTRIBUTING.md").split("## How to add an operation", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([\w/.]+)` \|", table, re.MULTILINE)


def other(source: str) -> str:
    """The model under the words of the new operation."""
    for old, new in WORDS:
        source = source.replace(old, new)
    return source


def with_twins(source: str, marks: tuple[str, ...]) -> str:
    """The text with each line that holds a mark followed by its twin."""
    lines = []
    for line in source.splitlines(keepends=True):
        lines.append(line)
        if any(mark in line for mark in marks):
            lines.append(other(line))
    return "".join(lines)


def with_handler(source: str) -> str:
    """The routes with a second handler after the model's."""
    handler = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.AsyncFunctionDef) and node.name == "close"
    )
    lines = source.splitlines(keepends=True)
    first, last = handler.decorator_list[0].lineno - 1, handler.end_lineno or 0
    twin = other("".join(lines[first:last]))
    lines[last:last] = ["\n\n", twin]
    imports = ("import payments.wallets.close", "from payments.wallets.close import")
    listed = re.sub(r"^(    close,)$", r"\1\n    retire,", "".join(lines), flags=re.MULTILINE)
    assert listed != "".join(lines), "HANDLERS has a line for each handler"
    return with_twins(listed, imports)


REFUSAL = """
WALLET_STILL_USED: Final = Refusal("wallet_still_used", 409, "The wallet is still used. Empty it.")
"""


def build(tree: Path) -> None:
    """Add the operation, file by file as CONTRIBUTING.md lists them."""

    def change(name: str, source: str) -> None:
        (tree / name).write_text(source, encoding="utf-8")

    change("payments/wallets/retire.py", other(text("payments/wallets/close.py")))
    change("payments/wallets/refusals.py", text("payments/wallets/refusals.py") + REFUSAL)
    change("payments/registry.py", with_twins(text("payments/registry.py"), (MODEL,)))
    change(
        "payments/surfaces/native/wallets.py",
        with_handler(text("payments/surfaces/native/wallets.py")),
    )
    bulk = "payments/surfaces/native/bulk_items.py"
    change(bulk, with_twins(text(bulk), ('"wallet.close"',)))
    change("tests/unit/test_wallet_retire.py", other(text("tests/unit/test_wallet_close.py")))
    change("docs/api.md", with_twins(text("docs/api.md"), ("/v1/wallets/{id}/close",)))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in files():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=tree, capture_output=True, text=True, check=False
    )


def changed(tree: Path) -> set[str]:
    names = {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()}
    ours = {name for name in names if "__pycache__" not in name and not name.startswith(".")}
    return {
        name
        for name in ours
        if not (ROOT / name).is_file() or (ROOT / name).read_bytes() != (tree / name).read_bytes()
    }


def test_the_list_is_short_and_its_files_exist() -> None:
    assert len(named()) <= FILES_MAX
    assert [name for name in named() if not (ROOT / name).is_file()] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_operation_built_by_the_list_passes(copy: Path) -> None:
    build(copy)
    for writer in ("tests.architecture.vocabulary", "tests.architecture.routes"):
        done = run(copy, writer)
        assert done.returncode == 0, done.stderr
    expected = {other(name.replace("/close.py", "/retire.py")) for name in named()}
    expected = {name.replace("test_wallet_close", "test_wallet_retire") for name in expected}
    # The flow test needs servers, so it is the one file that is not written here.
    assert changed(copy) == expected - {"tests/flows/test_native_wallets.py"}
    done = run(copy, "pytest", "-q", "-p", "no:cacheprovider", *CHECKED)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_step_left_out_is_noticed(copy: Path) -> None:
    build(copy)
    shutil.copyfile(ROOT / "docs/api.md", copy / "docs/api.md")
    done = run(copy, "pytest", "-q", "-p", "no:cacheprovider", *CHECKED[:3])
    for complaint in ("tests.architecture.vocabulary", "test_routes_", "/retire"):
        assert complaint in done.stdout
    assert done.returncode == 1
