"""Questions to SuperPay out of turn: what we cannot believe or read is still a hint at news."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.check
import payments.payouts.check
from payments.deposits.check import CheckDeposit
from payments.deposits.queries import deposit_of_merchant_id
from payments.operations.submit import Request, Submitter, keyed
from payments.payouts.check import CheckPayout
from payments.payouts.queries import payout_of_merchant_id

ACTOR: Final = "superpay"


class Subject(msgspec.Struct, frozen=True):
    """What a merchant id of ours stands for: a payout or a deposit."""

    kind: str
    id: UUID


async def subject_of(engine: AsyncEngine, merchant_id: int) -> Subject | None:
    """The payout or deposit of a merchant id."""
    payout_id = await payout_of_merchant_id(engine, merchant_id)
    if payout_id is not None:
        return Subject("payout", payout_id)
    deposit_id = await deposit_of_merchant_id(engine, merchant_id)
    return None if deposit_id is None else Subject("deposit", deposit_id)


async def ask_about(
    engine: AsyncEngine, submitter: Submitter, merchant_id: int | None, now: datetime
) -> None:
    """Ask SuperPay what is true of a merchant id that a callback names, when it is one of ours."""
    subject = None if merchant_id is None else await subject_of(engine, merchant_id)
    if subject is not None:
        await submitter(extra_check(subject, now))


def extra_check(subject: Subject, now: datetime) -> Request:
    """A question out of turn; the minute in its id makes it one a minute."""
    key = f"{subject.id}:{int(now.timestamp()) // 60}"
    if subject.kind == "payout":
        payout = CheckPayout(payout_id=subject.id, checks=0, resend_after_s=0, is_extra=True)
        operation = payments.payouts.check.OPERATION
        return keyed(operation, payout, actor=ACTOR, key=key, scope="payout.hint")
    deposit = CheckDeposit(deposit_id=subject.id, checks=0, is_extra=True)
    operation_ = payments.deposits.check.OPERATION
    return keyed(operation_, deposit, actor=ACTOR, key=key, scope="deposit.hint")
