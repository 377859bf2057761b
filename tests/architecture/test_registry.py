"""The registry misses nothing, and words that live for ever stay."""

import re

from payments.operations.outcome import Reason
from payments.registry import EFFECTS, OPERATIONS
from tests.architecture import vocabulary
from tests.architecture.sources import git, python, text


def test_every_operation_is_in_the_registry() -> None:
    registered = {id(operation) for operation in OPERATIONS}
    found = vocabulary.operations()
    assert [o.kind for key, o in found.items() if key not in registered] == []
    assert len(found) == len(OPERATIONS)


def test_every_effect_is_in_the_registry() -> None:
    registered = {id(effect) for effect in EFFECTS}
    found = vocabulary.effects()
    assert [e.kind for key, e in found.items() if key not in registered] == []
    assert len(found) == len(EFFECTS)


def test_kinds_are_unique() -> None:
    kinds = [operation.kind for operation in OPERATIONS]
    assert len(set(kinds)) == len(kinds)
    effects = [effect.kind for effect in EFFECTS]
    assert len(set(effects)) == len(effects)


def test_an_operation_has_its_own_file_named_by_a_verb() -> None:
    homes = {operation.decide.__module__ for operation in OPERATIONS}
    assert len(homes) == len(OPERATIONS)


def test_the_vocabulary_is_what_the_code_says() -> None:
    missing = vocabulary.words() - vocabulary.written()
    assert missing == set(), "add them: python -m tests.architecture.vocabulary"
    gone = vocabulary.written() - vocabulary.words()
    assert gone == set(), "the stream and the database may still hold these words"


def test_the_vocabulary_never_shrinks() -> None:
    history = git("log", "--format=", "-p", "--", str(vocabulary.PATH))
    ever = {
        line[1:]
        for line in history.splitlines()
        if line.startswith("+") and not line.startswith("+++")
    }
    assert ever - vocabulary.written() == set()


def test_every_refusal_has_a_test() -> None:
    tests = "\n".join(text(n) for n in python("tests") if not n.startswith("tests/architecture/"))
    untested = [f"{type(r).__name__}.{r.name}" for r in vocabulary.reasons() if not _in(r, tests)]
    assert untested == []


def _in(reason: Reason, tests: str) -> bool:
    by_code = rf"[\"']{re.escape(reason.code)}[\"']"
    by_name = rf"\b{type(reason).__name__}\.{reason.name}\b"
    return re.search(f"{by_code}|{by_name}", tests) is not None
