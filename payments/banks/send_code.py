"""The effect `bank_pay.send_code`: the payer's code goes out by mail, computed only here."""

from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks.books import CURRENCY
from payments.banks.codes import Binding, Codes
from payments.banks.queries import Notice, find_notice
from payments.kernel.money import plain_minor
from payments.mail.message import Letter
from payments.mail.post import Mailer
from payments.operations.effects import EffectContext, EffectHandler
from payments.operations.outcome import Effect

KIND: Final = "bank_pay.send_code"


class SendCode(msgspec.Struct, frozen=True):
    """The payment; address, amount and code are looked up when the mail is sent."""

    payment_id: UUID


def send_code_effect(body: SendCode) -> Effect:
    """The effect that mails the code of a payment."""
    return Effect(kind=KIND, body={"payment_id": str(body.payment_id)})


async def send(body: SendCode, context: EffectContext) -> None:
    """Send the code, unless the payment no longer waits for it."""
    notice = await find_notice(context.tool(AsyncEngine), body.payment_id)
    if notice is not None:
        code = context.tool(Codes).code(
            Binding(body.payment_id, notice.minor, notice.seller_number)
        )
        await context.tool(Mailer).send(letter(notice, code, context.effect_id))


def letter(notice: Notice, code: str, effect_id: str) -> Letter:
    """The mail: the code and the payment that it confirms."""
    amount = f"{plain_minor(notice.minor, CURRENCY)} {CURRENCY.code}"
    fee = f"{plain_minor(notice.fee_minor, CURRENCY)} {CURRENCY.code}"
    received = f"{plain_minor(notice.minor - notice.fee_minor, CURRENCY)} {CURRENCY.code}"
    seller = f"{notice.seller_name}, account {notice.seller_number} ({notice.seller_bank})"
    return Letter(
        id=effect_id.replace(":", "-"),
        to=notice.email,
        subject="Confirm your payment",
        text=(
            f"Confirmation code: {code}\n\n"
            f"{notice.marketplace} asks you to pay\n\n"
            f"  Amount:  {amount}\n"
            f"  Fee:     {fee}, out of the amount; the seller gets {received}\n"
            f"  Seller:  {seller}\n"
            f"  From:    your account {notice.customer_number}\n\n"
            "The code is good for this payment alone, for 10 minutes.\n"
            "If you did not ask for this payment, do nothing, and give the code to nobody.\n"
        ),
    )


HANDLER = EffectHandler(kind=KIND, body=SendCode, run=send)
