"""Effect handlers: the only code that calls outside systems; the executor runs it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

BodyT = TypeVar("BodyT", bound=msgspec.Struct)


ToolT = TypeVar("ToolT")


class EffectContext(msgspec.Struct, frozen=True):
    """`effect_id` is the same at every retry; `tools` are the executor's clients, by type."""

    effect_id: str
    operation_id: UUID
    tools: Mapping[type[Any], Any]

    def tool(self, type_: type[ToolT]) -> ToolT:
        """The client of a type: `Submitter`, a provider's client, a mailer."""
        client = self.tools[type_]
        if not isinstance(client, type_):
            raise TypeError(f"the tool for {type_} is a {type(client)}")
        return client


class EffectHandler(msgspec.Struct, Generic[BodyT], frozen=True, kw_only=True):
    """A kind of effect. `run` is retried until it returns, so it must be idempotent or claim first.

    `destination`: the system it calls, when a kind calls several; one that hangs delays only its
    own effects. `is_asking`: it changes nothing outside, so it also runs during a recovery.
    """

    kind: str
    body: type[BodyT]
    run: Callable[[BodyT, EffectContext], Awaitable[None]]
    destination: Callable[[BodyT], str] | None = None
    is_asking: bool = False
