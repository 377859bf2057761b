"""What an effect handler is: the only code that talks to the outside, by the executor's hand."""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

BodyT = TypeVar("BodyT", bound=msgspec.Struct)


class EffectContext(msgspec.Struct, frozen=True):
    """`effect_id` is the same at every repeat; `tools` are the clients the executor was composed with, by name."""

    effect_id: str
    operation_id: UUID
    tools: Any


class EffectHandler(msgspec.Struct, Generic[BodyT], frozen=True, kw_only=True):
    """A kind of effect. `run` is repeated until it returns: it must be idempotent, or claim before it calls."""

    kind: str
    body: type[BodyT]
    run: Callable[[BodyT, EffectContext], Awaitable[None]]
