"""The banks' ledger accounts, what a payment costs, and the legs of a payment and its refund.

Every bank's book balances on its own.
"""

from collections.abc import Iterator
from typing import Final

from payments.banks.status import RefundFee
from payments.banks.tables import BankPayment
from payments.kernel.ids import AccountId
from payments.kernel.money import CURRENCIES, Currency
from payments.ledger.chart import AccountSpec, Kind, account_id, house, owned
from payments.ledger.posting import Leg

CURRENCY: Final[Currency] = CURRENCIES["RUB"]
"""The seed's tables have one currency."""
WHOLE_BP: Final = 10_000
"""All of the price, in hundredths of a percent."""


def client_account(local: int) -> AccountId:
    """The ledger account of a bank account."""
    return account_id(Kind.BANK_ACCOUNT, local)


def client_spec(local: int, bank_id: int) -> AccountSpec:
    """The same, to be opened in the bank's book."""
    return owned(Kind.BANK_ACCOUNT, local, CURRENCY.code, book=bank_id)


def bank_spec(kind: Kind, bank_id: int) -> AccountSpec:
    """A bank's own account of a kind: capital, own money, fees, clearing."""
    return house(kind, CURRENCY.code, number=bank_id, book=bank_id)


def accounts_of(payment: BankPayment) -> Iterator[AccountId | AccountSpec]:
    """Every account that paying or refunding it may touch."""
    yield client_account(payment.customer_account_id)
    yield client_account(payment.seller_account_id)
    if payment.is_between_banks:
        yield bank_spec(Kind.BANK_FEES, payment.customer_bank_id)
        yield bank_spec(Kind.BANK_CLEARING, payment.customer_bank_id)
        yield bank_spec(Kind.BANK_CLEARING, payment.seller_bank_id)


def pay_legs(payment: BankPayment) -> tuple[Leg, ...]:
    """The customer pays the price, its bank keeps the fee, the seller gets the rest."""
    return _legs(payment, payment.minor, payment.minor - payment.fee_minor, payment.fee_minor)


def refund_legs(payment: BankPayment) -> tuple[Leg, ...]:
    """The customer gets the whole price back; the tariff at the request said who bears the fee."""
    if payment.refund_fee == RefundFee.KEEP.value:
        return _legs(payment, -payment.minor, -payment.minor, 0)
    return _legs(payment, -payment.minor, payment.fee_minor - payment.minor, -payment.fee_minor)


def _legs(payment: BankPayment, customer_pays: int, seller_gets: int, fee: int) -> tuple[Leg, ...]:
    """Within the customer's bank: customer → fees, clearing. In the seller's: clearing → seller.

    Negative amounts go the other way. A fee as large as the price leaves nothing to clear: a leg
    of zero is none.
    """
    wanted = [(client_account(payment.customer_account_id), -customer_pays)]
    if payment.is_between_banks:
        payer, receiver = payment.customer_bank_id, payment.seller_bank_id
        wanted += [
            (bank_spec(Kind.BANK_FEES, payer).id, fee),
            (bank_spec(Kind.BANK_CLEARING, payer).id, seller_gets),
            (bank_spec(Kind.BANK_CLEARING, receiver).id, -seller_gets),
        ]
    wanted.append((client_account(payment.seller_account_id), seller_gets))
    return tuple(Leg(account, minor) for account, minor in wanted if minor != 0)


def fee_minor(price_minor: int, percent_bp: int, min_minor: int) -> int:
    """`max(price * percent / 100, minimum)`, rounded half-up; the price must be more.

    ADR 0078: the minimum is the least fee, not a price below which there is none.
    """
    percent_minor = (2 * price_minor * percent_bp + WHOLE_BP) // (2 * WHOLE_BP)
    return max(percent_minor, min_minor)
