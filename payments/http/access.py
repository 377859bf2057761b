"""What a route declares: who may call it, what it reads and which operation it submits.

Responses, refusals and headers in the OpenAPI document follow from the operation.
"""

import enum
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from litestar.handlers import BaseRouteHandler

from payments.http.services import HttpRequest
from payments.kernel.words import one_of
from payments.operations.operation import Operation
from payments.operations.outcome import Refusal, Result, Status
from payments.operations.refusals import ENGINE_REFUSALS

_GET: Final = "GET"
NAME: Final = "access"
"""Key of the `Access` in a handler's `opt`."""


class Takes(enum.Enum):
    """Which of the two headers about operations a route reads: `Idempotency-Key`, `Prefer`."""

    NOTHING = "nothing"
    KEY = "key"
    WAIT = "wait"
    KEY_AND_WAIT = "key and wait"


class Caller(msgspec.Struct, frozen=True):
    """`auth`: a scheme's name, or "public". `scope`: what an API key must be granted."""

    auth: str
    scope: str | None = None


class Access(Caller, frozen=True, kw_only=True):
    """What a route declares.

    `operation`: the operation it submits. Without `answers` the route takes `Idempotency-Key` and
    `Prefer` and answers 202, 201 (the result's fields with `operation_id` and `status`) or a
    refusal.
    `own_status`: the result's field that the contract calls `status` in the 201.
    `thing_id`: the result's field that equals the operation id; the 202 contains it too.
    `adds`: fields of the 201 that are not in the result.
    `answers`: response struct by status where the surface has its own; None for an empty body.
    `sees_accepted`: whether the request waits for everything accepted before it; None: GETs wait.
    `headers`: description of each further request header. `body`, `query`: the structs that the
    handler decodes itself; `may_be_empty`: the body is optional. `uploads`: type by media type of
    a body that is a file. `media_type`: of the answers. `mentions`: structs that hand-written
    schemas refer to. `is_documented`: False for pages, which are no part of the API.
    `is_safe`: False when a GET changes something, so that HEAD is refused.
    """

    operation: Operation[Any] | None = None
    takes: Takes | None = None
    answers: Mapping[int, Any] | None = None
    own_status: str | None = None
    thing_id: str | None = None
    adds: type[msgspec.Struct] | None = None
    body: Any = None
    may_be_empty: bool = False
    body_max_bytes: int | None = None
    uploads: Mapping[str, Any] = {}
    media_type: str = "application/json"
    mentions: tuple[type[msgspec.Struct], ...] = ()
    query: Any = None
    headers: Mapping[str, str] = {}
    sees_accepted: bool | None = None
    is_documented: bool = True
    is_safe: bool = True

    def waits_for_accepted(self, method: str) -> bool:
        """True when a request of this method waits for everything accepted before it."""
        return method == _GET if self.sees_accepted is None else self.sees_accepted

    @property
    def is_submitted(self) -> bool:
        """True when it answers as `payments.http.operations.submit` does."""
        return self.operation is not None and self.answers is None

    @property
    def takes_key(self) -> bool:
        return self._takes in {Takes.KEY, Takes.KEY_AND_WAIT}

    @property
    def takes_wait(self) -> bool:
        return self._takes in {Takes.WAIT, Takes.KEY_AND_WAIT}

    @property
    def _takes(self) -> Takes:
        if self.takes is not None:
            return self.takes
        return Takes.KEY_AND_WAIT if self.is_submitted else Takes.NOTHING

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Refusals that a waiting caller may get; none on a route that only answers 202."""
        if self.operation is None or set(self.answers or ()) == {202}:
            return ()
        return (*self.operation.refusals, *ENGINE_REFUSALS)

    @property
    def accepted(self) -> type[msgspec.Struct]:
        """The struct of the 202."""
        return accepted_struct(self.thing_id)

    @property
    def applied(self) -> type[msgspec.Struct]:
        """The struct of the 201, made from the operation's result so that no field is missing."""
        if self.operation is None:
            raise ValueError("a route without an operation has no applied answer")
        return applied_struct(self.operation.result, self.own_status, self.adds)


class Accepted(msgspec.Struct, kw_only=True):
    """The intent is durable; GET the operation for its outcome.

    `status` is accepted or parked; when parked, `detail` says what happens next.
    """

    operation_id: str
    status: Annotated[str, one_of((Status.ACCEPTED, Status.PARKED))]
    detail: str | msgspec.UnsetType = msgspec.UNSET


@cache
def accepted_struct(thing_id: str | None) -> type[msgspec.Struct]:
    """The struct of the 202, with a field `thing_id` where that id equals the operation id."""
    if thing_id is None:
        return Accepted
    noun = thing_id.removesuffix("_id").capitalize()
    struct = msgspec.defstruct(f"{noun}Accepted", [(thing_id, str)], bases=(Accepted,))
    struct.__doc__ = Accepted.__doc__
    return struct


@cache
def applied_struct(
    result: type[Result], own_status: str | None = None, adds: type[msgspec.Struct] | None = None
) -> type[msgspec.Struct]:
    """The struct of the 201 for a result."""
    fields: dict[str, Any] = {}
    for struct in (result, *(() if adds is None else (adds,))):
        for field in msgspec.structs.fields(struct):
            name = "status" if field.name == own_status else field.encode_name
            default = () if field.required else (field.default,)
            fields[name] = (name, field.type, *default)
    fields["operation_id"] = ("operation_id", str)
    fields.setdefault("status", ("status", Annotated[str, one_of((Status.APPLIED,))]))
    answer = msgspec.defstruct(result.__name__, fields.values(), kw_only=True)
    answer.__doc__ = result.__doc__
    return answer


def access_here(request: HttpRequest) -> Access:
    """What the route of this request declares; every route that is served declares it."""
    access: Access = request.scope["route_handler"].opt[NAME]
    return access


def access_of(handler: BaseRouteHandler) -> Access | None:
    """What a handler declares; None when it declares nothing and is therefore closed."""
    access = handler.opt.get(NAME)
    return access if isinstance(access, Access) else None
