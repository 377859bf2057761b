"""Docstrings read as sentences: none is cut in two, none begins in the middle."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.sources import python, tree

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_CONTINUES = re.compile(
    r"(and|or|but|nor|so that|so as|because|which|whose|until|unless|else|otherwise by|for|of|in|on"
    r"|to|from|by|with|without|than|as|at|into|over|per|before|after|when|where|while|if)\b"
)
"""Words that begin a sentence only when its main clause follows: `In tests, ...`."""
_VERB = re.compile(
    r"\b(is|are|was|were|be|been|has|have|had|do|does|did|can|may|must|will|would|should|could"
    r"|cannot|[a-z]+(?:s|ed|n't))\b"
)
_SHORT_WORDS = 4
_LIBRARIES = ("asyncpg", "llhttp", "msgspec", "python ", "redis-py", "uvicorn", "uvloop")


def is_fragment(paragraph: str) -> bool:
    """Whether a paragraph continues the one before it instead of being a sentence of its own."""
    if paragraph.startswith(" "):
        return False  # a command or a table
    sentence = re.split(r"(?<=[.:;])\s", " ".join(paragraph.split()), maxsplit=1)[0]
    if sentence[0].islower() and not sentence.startswith(_LIBRARIES):
        return True
    lowered = sentence.lower()
    if _CONTINUES.match(lowered):
        return not re.search(r"[,:;]", sentence)
    words = sentence.split()
    is_prose = sentence.endswith(".") and "`" not in sentence
    return is_prose and len(words) <= _SHORT_WORDS and not _VERB.search(lowered.split(" ", 1)[-1])


def second_paragraphs() -> Iterator[tuple[str, int, str]]:
    for name in python():
        for node in ast.walk(tree(name)):
            docstring = ast.get_docstring(node) if isinstance(node, _DOCUMENTED) else None
            paragraphs = re.split(r"\n[ \t]*\n", docstring.strip()) if docstring else []
            if len(paragraphs) > 1:
                yield name, getattr(node, "lineno", 1), paragraphs[1]


def test_no_docstring_is_cut_in_two() -> None:
    torn = [
        f"{name}:{line}: {paragraph.splitlines()[0]}"
        for name, line, paragraph in second_paragraphs()
        if is_fragment(paragraph)
    ]
    assert torn == [], "write the sentence whole; a summary may take two lines"


@pytest.mark.parametrize(
    "paragraph",
    ["For good.", "So that two schedulers ask once.", "In constant time.", "queries and callbacks.",
     "Until a person has resolved them.", "Pause switch."],
)  # fmt: skip
def test_a_fragment_is_seen(paragraph: str) -> None:
    assert is_fragment(paragraph)


@pytest.mark.parametrize(
    "paragraph",
    ["Without a secret, every caller passes.", "The hold stays.", "Raises `NotFound`.",
     "A retry finds the first outcome.", "`wait_s`: at most 30."],
)  # fmt: skip
def test_a_sentence_is_none(paragraph: str) -> None:
    assert not is_fragment(paragraph)
