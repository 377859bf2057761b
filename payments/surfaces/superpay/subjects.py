"""Finds the payout or deposit of a merchant id and builds intents about it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.check
import payments.deposits.observe
import payments.payouts.check
import payments.payouts.observe
from payments.deposits.check import CheckDeposit
from payments.deposits.observe import ObserveDeposit
from payments.deposits.queries import deposit_of_merchant_id
from payments.operations.submit import Request, keyed
from payments.payouts.check import CheckPayout
from payments.payouts.observe import ObservePayout
from payments.payouts.queries import payout_of_merchant_id
from payments.provider.sighting import Sighting, Source

ACTOR: Final = "superpay"


class Subject(msgspec.Struct, frozen=True):
    """The payout or deposit that a merchant id of ours stands for."""

    kind: str
    id: UUID


async def subject_of(engine: AsyncEngine, merchant_id: int) -> Subject | None:
    """The payout or deposit with this merchant id, or None."""
    payout_id = await payout_of_merchant_id(engine, merchant_id)
    if payout_id is not None:
        return Subject("payout", payout_id)
    deposit_id = await deposit_of_merchant_id(engine, merchant_id)
    return None if deposit_id is None else Subject("deposit", deposit_id)


def evidence(subject: Subject, sighting: Sighting, callback_id: UUID) -> Request:
    """The intent of a callback; its id is derived from the event, so it is decided once."""
    fields: dict[str, Any] = {
        "source": Source.CALLBACK,
        "sighting": sighting,
        "callback_id": callback_id,
    }
    key, scope = str(callback_id), "callback"
    if subject.kind == "payout":
        payout = ObservePayout(payout_id=subject.id, **fields)
        return keyed(payments.payouts.observe.OPERATION, payout, actor=ACTOR, key=key, scope=scope)
    deposit = ObserveDeposit(deposit_id=subject.id, **fields)
    return keyed(payments.deposits.observe.OPERATION, deposit, actor=ACTOR, key=key, scope=scope)


def extra_check(subject: Subject, now: datetime) -> Request:
    """A check outside the schedule; its id contains the minute, so there is at
    most one a minute.
    """
    key = f"{subject.id}:{int(now.timestamp()) // 60}"
    if subject.kind == "payout":
        payout = CheckPayout(payout_id=subject.id, checks=0, resend_after_s=0, is_extra=True)
        operation = payments.payouts.check.OPERATION
        return keyed(operation, payout, actor=ACTOR, key=key, scope="payout.hint")
    deposit = CheckDeposit(deposit_id=subject.id, checks=0, is_extra=True)
    operation_ = payments.deposits.check.OPERATION
    return keyed(operation_, deposit, actor=ACTOR, key=key, scope="deposit.hint")
