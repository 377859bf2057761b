"""The banks' ledger accounts, fees, and the legs of a payment and its refund.

Each bank has its own book, and each book balances.
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
"""The assignment's tables have one currency."""
WHOLE_BP: Final = 10_000
"""100 percent in basis points."""


def client_account(local: int) -> AccountId:
    """The ledger account of a bank account."""
    return account_id(Kind.BANK_ACCOUNT, local)


def client_spec(local: int, bank_id: int) -> AccountSpec:
    """The ledger account of a bank account, to be opened in the bank's book."""
    return owned(Kind.BANK_ACCOUNT, local, CURRENCY.code, book=bank_id)


def bank_spec(kind: Kind, bank_id: int) -> AccountSpec:
    """A bank's own account: capital, own money, fees or clearing."""
    return house(kind, CURRENCY.code, number=bank_id, book=bank_id)


def accounts_of(payment: BankPayment) -> Iterator[AccountId | AccountSpec]:
    """Every account that the payment or its refund may change."""
    yield client_account(payment.customer_account_id)
    yield client_account(payment.seller_account_id)
    if payment.is_between_banks:
        yield bank_spec(Kind.BANK_FEES, payment.customer_bank_id)
        yield bank_spec(Kind.BANK_CLEARING, payment.customer_bank_id)
        yield bank_spec(Kind.BANK_CLEARING, payment.seller_bank_id)


def pay_legs(payment: BankPayment) -> tuple[Leg, ...]:
    """The customer pays the price, the customer's bank keeps the fee, the seller gets the rest."""
    return _legs(payment, payment.minor, payment.minor - payment.fee_minor, payment.fee_minor)


def refund_legs(payment: BankPayment) -> tuple[Leg, ...]:
    """The customer gets the whole price back; the tariff at request time says who bears the fee."""
    if payment.refund_fee == RefundFee.KEEP.value:
        return _legs(payment, -payment.minor, -payment.minor, 0)
    return _legs(payment, -payment.minor, payment.fee_minor - payment.minor, -payment.fee_minor)


def _legs(payment: BankPayment, customer_pays: int, seller_gets: int, fee: int) -> tuple[Leg, ...]:
    """Legs in the customer's bank: customer → fees, clearing; in the seller's: clearing → seller.

    Negative amounts reverse the direction. If fee == price, the zero clearing leg is omitted.
    """
    legs = [(client_account(payment.customer_account_id), -customer_pays)]
    if payment.is_between_banks:
        payer, receiver = payment.customer_bank_id, payment.seller_bank_id
        legs += [
            (bank_spec(Kind.BANK_FEES, payer).id, fee),
            (bank_spec(Kind.BANK_CLEARING, payer).id, seller_gets),
            (bank_spec(Kind.BANK_CLEARING, receiver).id, -seller_gets),
        ]
    legs.append((client_account(payment.seller_account_id), seller_gets))
    return tuple(Leg(account, minor) for account, minor in legs if minor != 0)


def fee_minor(price_minor: int, percent_bp: int, min_minor: int) -> int:
    """`max(price * percent / 100, minimum)`, rounded half-up; the price must be more.

    The minimum is the lowest fee, not a price below which no fee is due (ADR 0078).
    """
    percent_minor = (2 * price_minor * percent_bp + WHOLE_BP) // (2 * WHOLE_BP)
    return max(percent_minor, min_minor)
