"""Words that live for ever in the stream, the database and clients: kinds, effects, refusals.

`python -m tests.architecture.vocabulary` adds new words to `vocabulary.txt`; none is ever removed.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import payments
from payments.ledger.chart import Kind
from payments.operations.effects import EffectHandler
from payments.operations.operation import Operation
from payments.operations.outcome import Refusal

PATH = Path(__file__).with_name("vocabulary.txt")
_PROGRAMS = ("payments.__main__", "payments.entrypoints")
"""Running them is what importing some of them means; they hold no operation."""


def modules() -> Iterator[ModuleType]:
    """Every module of payments that is no program."""
    for found in pkgutil.walk_packages(payments.__path__, "payments."):
        if not found.name.startswith(_PROGRAMS):
            yield importlib.import_module(found.name)


def operations() -> dict[int, Operation]:  # type: ignore[type-arg]
    """Every operation that some module defines."""
    return {id(v): v for m in modules() for v in _values(m) if isinstance(v, Operation)}


def effects() -> dict[int, EffectHandler]:  # type: ignore[type-arg]
    """Every handler of an effect that some module defines."""
    return {id(v): v for m in modules() for v in _values(m) if isinstance(v, EffectHandler)}


def _values(module: ModuleType) -> Iterator[object]:
    for value in vars(module).values():
        if isinstance(value, tuple | list):
            yield from value
        else:
            yield value


def refusals() -> dict[int, tuple[str, Refusal]]:
    """Every refusal that some module defines, with the name of its constant."""
    return {
        id(value): (name, value)
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, Refusal)
    }


def words() -> set[str]:
    """What the vocabulary must hold."""
    return {
        *(f"operation {operation.kind}" for operation in operations().values()),
        *(f"effect {effect.kind}" for effect in effects().values()),
        *(f"refusal {refusal.code}" for _, refusal in refusals().values()),
        *(f"account {kind.value} {kind.name}" for kind in Kind),
    }


def written() -> set[str]:
    """What it holds."""
    return set(PATH.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    known = written() if PATH.exists() else set()
    PATH.write_text("\n".join(sorted(known | words())) + "\n", encoding="utf-8")
