"""Many operations in one request: accepted as one, each decided and answered on its own."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.http.access import Access, Takes
from payments.http.auth import API_KEY, Actor, actor_of
from payments.http.body import read_body
from payments.http.hot import hot_post
from payments.http.idempotency import REPLAYED, key_of, request_for
from payments.http.operations import applied_body, render_ticket
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Header, Reply
from payments.http.services import HttpRequest, service
from payments.kernel.errors import Conflict, InvalidBody, PaymentsError
from payments.kernel.ids import derived_ids
from payments.operations.acceptance import BulkItems, runs_of
from payments.operations.atomic import (
    BULK_REJECTED,
    ApplyAll,
    AtomicPart,
    atomic,
    part_ids,
    parts_accepted,
)
from payments.operations.bulk import AcceptBulk, BulkPart, RefusedItem, bulk
from payments.operations.bulk_ids import item_id, new_bulk_id
from payments.operations.envelope import Intent, digest_of_intent
from payments.operations.operation import Operation
from payments.operations.outcome import Status
from payments.operations.outcomes import StoredOutcomes
from payments.operations.submit import Request, Submitter, keyed
from payments.statements.book import OPERATION as LINE
from payments.surfaces.native.answers import BulkAnswer
from payments.surfaces.native.bodies import BulkBody
from payments.surfaces.native.bulk_answers import AskedItem, answers_of, refusal_of
from payments.surfaces.native.bulk_content import content_digest
from payments.surfaces.native.bulk_items import KINDS, ReadItem, read_items

BULK_MAX_BYTES: Final = 1024 * 1024
_OPERATIONS: Final = [kind.operation for kind in KINDS.values()]
ATOMIC: Final = atomic(_OPERATIONS)
"""What a bulk submits that is applied as one."""
BULK: Final = bulk([*_OPERATIONS, LINE])
"""What every other bulk submits, and an import of a statement."""

_SCOPE: Final = "bulk"
_PLACE_DIGITS: Final = 3
"""How many hexadecimal digits of an item's id hold its place."""

_encode: Final = msgspec.json.Encoder().encode


@hot_post(
    "/v1/operations/bulk",
    access=Access(
        API_KEY,
        "operations:read",
        body=BulkBody,
        mentions=tuple(kind.body for kind in KINDS.values()),
        answers={200: BulkAnswer, 202: BulkAnswer},
        takes=Takes.KEY_AND_WAIT,
        body_max_bytes=BULK_MAX_BYTES,
    ),
)
async def submit_bulk(request: HttpRequest) -> Reply:
    """Up to 1000 operations, decided in their order; each needs its own scope.

    One refused item does not touch the others, or with `atomic` nothing is applied at all.
    """
    submitter = service(request, Submitter)
    body = await read_body(request, BulkBody)
    is_keyed = key_of(request) is not None
    read = await read_items(request, body.operations, is_keyed=is_keyed)
    content = ""
    if is_keyed:
        content = content_digest([item.content for item in read], is_atomic=body.atomic)
    if body.atomic:
        return await _submit_atomic(request, submitter, read, content)
    wait_s = preferred_wait_s(request)
    asked = await _Asking(request, submitter).of(read)
    if not is_keyed and not asked.parts:
        return _reply([i.refused for i in asked.items], wait_s)
    ticket = await submitter(asked.request(content), wait_s)
    stored = service(request, StoredOutcomes)  # type: ignore[type-abstract]
    answers = await answers_of(stored, ticket, asked.items)
    replayed = (REPLAYED,) if ticket.is_replay else ()
    return _reply(answers, wait_s, replayed, is_decided=ticket.decision is not None)


def _reply(
    answers: Sequence[msgspec.Raw | None],
    wait_s: int,
    headers: tuple[Header, ...] = (),
    *,
    is_decided: bool = False,
) -> Reply:
    status = HTTPStatus.OK if wait_s or is_decided else HTTPStatus.ACCEPTED
    return Reply(status, _encode({"items": answers}), (*headers, *((APPLIED,) if wait_s else ())))


class _Asking:
    """A bulk's request as it is put together."""

    def __init__(self, request: HttpRequest, submitter: Submitter) -> None:
        self._submitter = submitter
        self._actor: Actor = actor_of(request)
        self._key = key_of(request)
        self._whole = request_for(request, BULK, AcceptBulk(parts=()))
        if self._key is None:
            self._whole = msgspec.structs.replace(self._whole, operation_id=new_bulk_id())
        self._id_at = derived_ids(_SCOPE, self._actor.name, f"{self._key}\x1f")
        self._order: int | str | None = None
        self._kinds: list[tuple[int, str]] = []
        self._placed: list[tuple[UUID, int]] = []
        self._keyed: list[tuple[UUID, str, bytes]] = []
        self._own: list[int] = []
        plain = str(item_id(self._whole.operation_id, 0))
        self._plain = f"{plain[:-_PLACE_DIGITS]}%0{_PLACE_DIGITS}x"
        self.parts: list[BulkPart] = []
        self.items: list[AskedItem] = []

    async def of(self, read: Sequence[ReadItem]) -> "_Asking":
        """With these items."""
        for index, item in enumerate(read):
            if item.kind is None or item.intent is None:
                self._refuse(index, item)
                continue
            own = self._under_a_key(item, item.kind.operation, index)
            if own is not None and own.earlier:
                try:
                    own = await self._submitter.as_asked_first(own)
                except PaymentsError as error:
                    self._refuse(index, msgspec.structs.replace(item, error=error))
                    continue
            self._add(index, item, item.intent, own)
        return self

    def request(self, content: str) -> Request:
        """All of them, in the partition of the first, so that they are decided in their order."""
        refused = tuple(
            RefusedItem(index=index, answer=item.refused)
            for index, item in enumerate(self.items)
            if item.refused is not None
        )
        intent = AcceptBulk(
            parts=tuple(self.parts), refused=refused, content=content, own=tuple(self._own)
        )
        items = BulkItems(runs_of(self._kinds), tuple(self._placed), tuple(self._keyed))
        order = str(self._whole.operation_id) if self._order is None else self._order
        return msgspec.structs.replace(self._whole, intent=intent, items=items, order=order)

    def _add(self, index: int, item: ReadItem, intent: Intent, own: Request | None) -> None:
        if item.kind is None:
            raise ValueError("an item without a kind has no intent")
        operation = item.kind.operation
        raw = msgspec.Raw(_encode(intent))
        if self._order is None:
            self._order = operation.partition_key(intent)
        self._kinds.append((index, operation.kind))
        if own is None:
            self.parts.append(BulkPart(index=index, kind=operation.kind, intent=raw))
            self.items.append(AskedItem(operation_id=self._plain % index))
            return
        id_, actor = own.operation_id, None if own.actor == self._actor.name else own.actor
        part = BulkPart(index=index, kind=operation.kind, intent=raw, operation_id=id_, actor=actor)
        self.parts.append(part)
        if item.own_key is None:
            self._placed.append((id_, index))
        else:
            digest = digest_of_intent(operation.kind, own.actor, own.intent)
            self._own.append(index)
            self._keyed.append((id_, operation.kind, digest))
        self.items.append(AskedItem(operation_id=str(id_), asked=own))

    def _refuse(self, index: int, item: ReadItem) -> None:
        """Its id is told where it has one, for a repeat may find it accepted."""
        id_ = ""
        if item.kind is not None:
            own = self._under_a_key(item, item.kind.operation, index)
            id_ = self._plain % index if own is None else str(own.operation_id)
        error = item.error or InvalidBody()
        self.items.append(AskedItem(operation_id=id_, refused=refusal_of(None, error)))

    def _under_a_key(self, item: ReadItem, operation: Operation[Any], index: int) -> Request | None:
        """The request of an item under its own key, or under its place in a bulk with a key."""
        intent: Any = item.intent
        name, also = self._actor.name, self._actor.also
        if item.own_key is not None:
            return keyed(operation, intent, actor=name, key=item.own_key, also=also)
        if self._key is None:
            return None
        # The scope keeps them off single POSTs' keys. 0.1.0 made the same ids.
        if also:
            place = f"{self._key}\x1f{index}"
            return keyed(operation, intent, actor=name, key=place, scope=_SCOPE, also=also)
        return Request(operation, intent, name, self._id_at(str(index)), is_keyed=True)


async def _submit_atomic(
    request: HttpRequest, submitter: Submitter, read: Sequence[ReadItem], content: str
) -> Reply:
    """One operation that is made of the items."""
    parts: list[AtomicPart] = []
    for index, item in enumerate(read):
        if item.kind is None or item.intent is None:
            raise _not_readable(index, item.error or InvalidBody())
        if item.own_key is not None:
            where = {"field": f"operations[{index}].idempotency_key"}
            message = "an atomic bulk has one key, that of the request"
            raise InvalidBody(errors=[{**where, "message": message}])
        raw = msgspec.Raw(_encode(item.intent))
        parts.append(AtomicPart(kind=item.kind.operation.kind, intent=raw))
    # A key fixes the id, which then says nothing of places.
    is_keyed = key_of(request) is not None
    whole = ApplyAll(parts=tuple(parts), content=content, ids_follow=not is_keyed)
    asked = request_for(request, ATOMIC, whole)
    id_ = asked.operation_id if is_keyed else new_bulk_id()
    items = parts_accepted(whole, id_)
    asked = msgspec.structs.replace(asked, operation_id=id_, items=items)
    wait_s = preferred_wait_s(request)
    ticket = await submitter(asked, wait_s)
    headers = (APPLIED,) if wait_s else ()
    if ticket.decision is not None and ticket.decision.status == Status.APPLIED.value:
        replayed = (REPLAYED,) if ticket.is_replay else ()
        return Reply(HTTPStatus.OK, applied_body(ticket.decision), (*headers, *replayed))
    accepted = [
        {"operation_id": str(id_), "status": Status.ACCEPTED.value}
        for id_ in part_ids(whole, ticket.operation_id)
    ]
    return render_ticket(request, ticket, headers=headers, more={"items": accepted})


def _not_readable(index: int, error: PaymentsError) -> PaymentsError:
    """The whole is refused before anything is accepted, as its operation would be."""
    return Conflict(
        BULK_REJECTED.sentence,
        code=BULK_REJECTED.code,
        errors=error.errors,
        item=index,
        item_reason=error.code,
        item_detail=error.detail,
    )


HANDLERS: Final = (submit_bulk,)
