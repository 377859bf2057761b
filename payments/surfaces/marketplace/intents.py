"""Builds intents from bodies; codes are hashed here, so that they never enter the stream."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks import queries
from payments.banks.books import CURRENCY
from payments.banks.codes import Binding, Codes
from payments.banks.confirm import ConfirmPayment
from payments.banks.queries import PaymentView
from payments.banks.refund import RefundPayments
from payments.banks.request import RequestPayment, pair_of
from payments.http.body import minor_of
from payments.http.caught_up import is_stale
from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidBody, NotDecidedYet, NotFound
from payments.surfaces.marketplace.access import marketplace_of
from payments.surfaces.marketplace.bodies import ConfirmBody, PayBody, RefundBody


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


class OperationNotFound(NotFound):
    """There is no such operation of yours."""

    code = "operation_not_found"


async def pay(
    request: HttpRequest, body: PayBody, operation_id: UUID, codes: Codes, engine: AsyncEngine
) -> RequestPayment:
    """The intent of a payment, with its key and the code's hash. Raises 404 `account_not_found`."""
    minor = minor_of(body.price, CURRENCY, "price")
    customer, seller = body.number_invoice_customer, body.number_invoice_seller
    banks = await queries.banks_of(engine, (customer, seller))
    missing = [
        n for n in ("customer", "seller") if getattr(body, f"number_invoice_{n}") not in banks
    ]
    if missing:
        fields = [{"field": f"number_invoice_{n}", "message": "no such account"} for n in missing]
        raise AccountNotFound(errors=fields)
    binding = Binding(operation_id, minor, seller)
    return RequestPayment(
        marketplace_id=marketplace_of(request),
        operation_key=codes.operation_key(operation_id),
        customer_number=customer,
        seller_number=seller,
        pair=pair_of(banks[customer], banks[seller]),
        minor=minor,
        code_hash=codes.hash(binding, codes.code(binding)),
    )


async def confirm(
    request: HttpRequest, body: ConfirmBody, codes: Codes, engine: AsyncEngine
) -> ConfirmPayment:
    """The intent of an attempt, with the hash of the entered code only.

    Raises 404 `operation_not_found`.
    """
    payment = await own_payment(request, body.operation_key, engine)
    binding = Binding(payment.id, payment.minor, payment.seller_number)
    return ConfirmPayment(
        marketplace_id=marketplace_of(request),
        operation_key=payment.operation_key,
        customer_number=payment.customer_number,
        code_hash=codes.hash(binding, body.code),
    )


async def refund(request: HttpRequest, body: RefundBody, engine: AsyncEngine) -> RefundPayments:
    """The intent of a refund. Raises 422 for a payment listed twice, and 409 `not_decided_yet`."""
    keys = tuple(body.operation_keys)
    twice = [i for i, key in enumerate(keys) if key in keys[:i]]
    if twice:
        field = f"operation_keys[{twice[0]}]"
        raise InvalidBody(errors=[{"field": field, "message": "the operation is named twice"}])
    if is_stale(request):
        # An undecided payment would be refused as unknown, and the key would keep that refusal.
        for key in keys:
            await own_payment(request, key, engine)
    return RefundPayments(marketplace_id=marketplace_of(request), operation_keys=keys)


async def own_payment(request: HttpRequest, operation_key: str, engine: AsyncEngine) -> PaymentView:
    """The payment of that key; another marketplace's opens nothing: 404 `operation_not_found`.

    Raises 409 `not_decided_yet` while requests accepted before may not be applied yet.
    """
    payment = await queries.find_payment(engine, marketplace_of(request), operation_key)
    if payment is None:
        raise NotDecidedYet if is_stale(request) else OperationNotFound
    return payment
