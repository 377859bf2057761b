"""After the commit: sends outcomes to waiting callers and effects to executors, deletes markers."""

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.operations.items import Answer, Marking
from payments.operations.outcome import Status
from payments.operations.outcomes import CONFLICTS, PartOutcome
from payments.operations.results import BulkReply, OtherReplies, ParkedReply, Reply
from streams import partitions
from streams.entry import Entry
from streams.finishing import Send, Step

_REPLIES_A_MESSAGE: Final = 500
_NOTHING: Final = msgspec.Raw(b"{}")
_encode: Final = msgspec.json.Encoder().encode


class EffectEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An effect on its stream; `id` (operation and number) is the same at every retry.

    `traceparent`: the trace of the request, when it is traced; 0.1.0 ignores it.
    """

    id: str
    operation_id: UUID
    kind: str
    body: msgspec.Raw
    traceparent: str = ""


class _StoredEffect(msgspec.Struct, frozen=True):
    kind: str
    body: msgspec.Raw


_STORED: Final = msgspec.json.Decoder(list[_StoredEffect])


def steps(answers: Sequence[Answer], place_of: Callable[[int], str]) -> list[Step]:
    """The steps of each server; `place_of` names the server of a partition."""
    places: dict[str, list[Answer]] = {}
    for answer in answers:
        places.setdefault(place_of(answer.entry.partition), []).append(answer)
    return [step for place, listed in places.items() for step in _steps(listed, place)]


def _steps(answers: Sequence[Answer], place: str) -> list[Step]:
    """First the entries that only need acknowledging, so that a full Redis drains, then those with
    effects.

    The entry of an operation with effects is its outbox: acknowledged once they are on the stream.
    The items of a bulk have its entry, so none of them is answered before that.
    """
    bulks = {id(a.whole) for a in answers if a.whole is not None and _has_effects(a)}

    def is_owed(answer: Answer) -> bool:
        whole = answer.envelope if answer.whole is None else answer.whole
        return _has_effects(answer) or id(whole) in bulks

    plain = [a for a in answers if not is_owed(a)]
    with_effects = [a for a in answers if is_owed(a)]
    steps_ = []
    if plain:
        steps_.append(Step(_entries_of(plain), _sender(plain, ()), place))
    if with_effects:
        effects = [
            (a.entry.partition, e) for a in with_effects if _has_effects(a) for e in effects_of(a)
        ]
        steps_.append(
            Step(_entries_of(with_effects), _sender(with_effects, effects), place, is_owed=True)
        )
    return steps_


def _has_effects(answer: Answer) -> bool:
    return answer.decision is not None and bool(answer.decision.effects) and not answer.is_conflict


def _entries_of(answers: Sequence[Answer]) -> list[Entry]:
    """What is acknowledged: the items of a bulk have no entry of their own."""
    return [a.entry for a in answers if a.whole is None]


def effects_of(answer: Answer) -> list[bytes]:
    """The effects of an applied operation as stream entries."""
    decision = answer.decision
    if decision is None or not decision.effects:
        return []
    stored = _STORED.decode(decision.effects)
    return [
        _encode(
            EffectEntry(
                id=f"{decision.operation_id}:{n}",
                operation_id=decision.operation_id,
                kind=e.kind,
                body=e.body,
                traceparent="" if answer.envelope is None else answer.envelope.traceparent,
            )
        )
        for n, e in enumerate(stored)
    ]


def _sender(answers: list[Answer], effects: Sequence[tuple[int, bytes]]) -> Send:
    def send(pipeline: Any) -> None:
        for partition, payload in effects:
            pipeline.xadd(partitions.effects(partition), {partitions.FIELD: payload})
        for channel, message in replies(answers):
            pipeline.publish(channel, message)
        markers, places = _marked(answers)
        for keys in markers.values():
            pipeline.unlink(*keys)
        for partition, ids in places.items():
            pipeline.hdel(partitions.places(partition), *ids)

    return send


def replies(answers: Sequence[Answer]) -> list[tuple[str, bytes]]:
    """Messages for the channels of waiting callers, many outcomes in each.

    Parked entries have messages of their own: 0.1.0 cannot read them, but must read the others.
    """
    decided: dict[str, list[Reply]] = {}
    parked: dict[str, list[ParkedReply]] = {}
    bulks: dict[str, list[BulkReply]] = {}
    items = _items_by_bulk(answers)
    for answer in answers:
        envelope = answer.envelope
        if envelope is None or not envelope.reply_to:
            continue
        if answer.decision is None:
            reply = ParkedReply(envelope.operation_id, envelope.digest, answer.is_conflict)
            parked.setdefault(envelope.reply_to, []).append(reply)
            continue
        told = Reply(answer.decision, envelope.digest, answer.is_conflict)
        parts = items.get(id(envelope))
        if parts is None:
            decided.setdefault(envelope.reply_to, []).append(told)
        else:
            bulks.setdefault(envelope.reply_to, []).append(BulkReply(told, parts))
    messages = [
        (channel, _encode(listed[i : i + _REPLIES_A_MESSAGE]))
        for channel, listed in decided.items()
        for i in range(0, len(listed), _REPLIES_A_MESSAGE)
    ]
    messages += [(c, _encode(OtherReplies(parked=listed))) for c, listed in parked.items()]
    return messages + [(c, _encode(OtherReplies(bulks=[b]))) for c, bs in bulks.items() for b in bs]


def _items_by_bulk(answers: Sequence[Answer]) -> dict[int, list[PartOutcome]]:
    """What became of the items of the bulks that somebody waits for, by the bulk's envelope."""
    items: dict[int, list[PartOutcome]] = {}
    for answer in answers:
        if answer.whole is not None and answer.whole.reply_to:
            items.setdefault(id(answer.whole), []).append(_outcome_of(answer))
    return items


def _outcome_of(answer: Answer) -> PartOutcome:
    decision = answer.decision
    if answer.is_conflict:
        return PartOutcome(CONFLICTS, None, _NOTHING)
    if decision is None:
        status = Status.ACCEPTED if answer.is_replay else Status.PARKED
        return PartOutcome(status.value, None, _NOTHING)
    return PartOutcome(decision.status, decision.reason, msgspec.Raw(decision.result.encode()))


def _marked(answers: Sequence[Answer]) -> tuple[dict[int, list[str]], dict[int, list[bytes]]]:
    """The markers of each partition, and the items whose places are kept."""
    markers: dict[int, list[str]] = {}
    places: dict[int, list[bytes]] = {}
    for answer in answers:
        partition = answer.entry.partition
        if answer.envelope is None or partition < 0:
            continue
        id_ = answer.envelope.operation_id
        if answer.marking is Marking.OWN:
            markers.setdefault(partition, []).append(partitions.marker(partition, str(id_)))
        elif answer.marking is Marking.PLACE:
            places.setdefault(partition, []).append(id_.bytes)
        if answer.parts_kept:
            places.setdefault(partition, []).extend(answer.parts_kept)
    return markers, places
