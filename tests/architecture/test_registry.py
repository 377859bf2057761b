"""The registry misses nothing, and words that live for ever stay."""

import re

from payments.http.access import access_of
from payments.operations.refusals import ENGINE_REFUSALS
from payments.registry import EFFECTS, OPERATIONS
from payments.surfaces.native import (
    accounts,
    adjustments,
    bulk_items,
    holds,
    transactions,
    transfers,
    wallets,
)
from payments.surfaces.superpay import deposits, payouts
from tests.architecture import vocabulary
from tests.architecture.sources import git


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


def test_a_refusal_is_one_constant_named_as_its_code() -> None:
    found = vocabulary.refusals().values()
    assert [(n, r.code) for n, r in found if n != r.code.upper()] == []
    codes = [refusal.code for _, refusal in found]
    assert sorted(codes) == sorted(set(codes)), "one constant for a code, imported where needed"


def test_every_refusal_is_declared_by_an_operation() -> None:
    declared = {refusal.code for operation in OPERATIONS for refusal in operation.refusals}
    declared |= {refusal.code for refusal in ENGINE_REFUSALS}
    assert {r.code for _, r in vocabulary.refusals().values()} == declared


def test_every_refusal_says_a_sentence_and_has_a_clients_status() -> None:
    for _, refusal in vocabulary.refusals().values():
        assert re.fullmatch(r"[A-Z].*\.", refusal.sentence), refusal.code
        assert 400 <= refusal.http_status < 500, refusal.code


NATIVE = (accounts, adjustments, deposits, holds, payouts, transactions, transfers, wallets)
"""Modules with native POSTs: those of SuperPay's payouts and deposits too."""


def test_a_bulk_takes_every_native_operation_or_says_why_not() -> None:
    submitted = {
        access.operation.kind
        for module in NATIVE
        for handler in module.HANDLERS
        if (access := access_of(handler)) is not None and access.operation is not None
    }
    taken = {kind.operation.kind for kind in bulk_items.KINDS.values()}
    assert submitted == taken | set(bulk_items.SINGLE_ONLY)
    assert taken & set(bulk_items.SINGLE_ONLY) == set()
