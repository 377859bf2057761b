"""What the documents tell people to type exists, and so do the files they name."""

import re
from pathlib import PurePath
from typing import Any

import typer.main

from payments.entrypoints.cli import app
from tests.architecture.sources import ROOT, files, text

DOCUMENTS = [name for name in files() if name.endswith(".md")]
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_PATH = re.compile(
    r"(?<![\w/.-])(?:payments|payments_tools|streams|scheduler|tests|migrations|docs)/[\w./-]*[\w/]"
)


def test_every_make_target_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    for name in DOCUMENTS:
        code = " ".join(_CODE.findall(text(name)))
        for target in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b", code):
            assert target in targets, f"{name} says make {target}"


def test_every_target_is_phony_and_explained() -> None:
    makefile = text("Makefile")
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    explained = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert phony == explained


def test_every_command_named_exists() -> None:
    root = typer.main.get_command(app)
    for name in DOCUMENTS:
        for code in _CODE.findall(text(name)):
            for words in re.findall(r"(?:^|[`\s/])payments ((?:[a-z][a-z-]*[ \t]?)+)", code):
                assert _leads_somewhere(root, words.split()), f"{name} says payments {words}"


def _leads_somewhere(command: Any, words: list[str]) -> bool:
    below = getattr(command, "commands", None)  # of a group
    if not words or below is None:
        return True
    return words[0] in below and _leads_somewhere(below[words[0]], words[1:])


def test_every_path_named_exists() -> None:
    missing = [
        f"{name} names {path}"
        for name in DOCUMENTS
        for code in _CODE.findall(text(name))
        for path in _PATH.findall(code)
        if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()
    ]
    assert missing == []


def test_every_link_between_documents_leads_somewhere() -> None:
    missing = [
        f"{name} links to {target}"
        for name in DOCUMENTS
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", text(name))
        if not (ROOT / PurePath(name).parent / target).exists()
    ]
    assert missing == []


def test_every_kind_of_operation_stands_in_a_document() -> None:
    documents = "".join(text(name) for name in DOCUMENTS if name.startswith("docs/"))
    words = [line.split() for line in text("tests/architecture/vocabulary.txt").splitlines()]
    kinds = [word[1] for word in words if word[0] == "operation"]
    missing = [kind for kind in kinds if f"`{kind}`" not in documents]
    assert missing == [], "name the kind beside its endpoint, e.g. in docs/api.md"


def test_every_route_is_in_a_document() -> None:
    written = "\n".join(
        text(name) for name in DOCUMENTS if not name.startswith(("docs/decisions/", "CHANGELOG"))
    )
    paths = {line.split()[1] for line in text("tests/architecture/routes.txt").splitlines()}
    assert [path for path in sorted(paths) if not _is_written(path, written)] == []


def _is_written(path: str, written: str) -> bool:
    """With or without a slash at the end; what stands in braces may have another name."""
    pattern = re.sub(r"\\{[^}]*\\}", r"[^ `/?]+", re.escape(path.rstrip("/")))
    return re.search(rf"{pattern}/?(?![\w/])", written) is not None
