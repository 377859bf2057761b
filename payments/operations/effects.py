"""What an effect handler is: the only code that talks to the outside, by the executor's hand."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

BodyT = TypeVar("BodyT", bound=msgspec.Struct)


ToolT = TypeVar("ToolT")


class EffectContext(msgspec.Struct, frozen=True):
    """`effect_id` is the same at every repeat; `tools` are the executor's, by their type."""

    effect_id: str
    operation_id: UUID
    tools: Mapping[type[Any], Any]

    def tool(self, type_: type[ToolT]) -> ToolT:
        """The client of that type: `Submitter`, a provider's client, a mailer."""
        found = self.tools[type_]
        if not isinstance(found, type_):
            raise TypeError(f"the tool for {type_} is a {type(found)}")
        return found


class EffectHandler(msgspec.Struct, Generic[BodyT], frozen=True, kw_only=True):
    """A kind of effect. `run` is repeated until it returns: idempotent, or it claims first.

    `destination`: whom it calls, where a kind calls several: one that hangs holds up its own only.
    `is_asking`: it changes nothing outside, so that it goes on during a recovery.
    """

    kind: str
    body: type[BodyT]
    run: Callable[[BodyT, EffectContext], Awaitable[None]]
    destination: Callable[[BodyT], str] | None = None
    is_asking: bool = False
