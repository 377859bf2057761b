"""organization.transfer: money of an organization goes to a wallet, from where it is paid out."""

from collections.abc import Iterable

from payments.bankpayments.refusals import ORGANIZATION_NOT_FOUND
from payments.bankpayments.tables import CURRENCY, BalanceChange, Organization
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.wallets.refusals import PAYER_REFUSALS, payer, usable


class TransferFromOrganization(Intent, frozen=True, kw_only=True):
    """Move `minor` roubles from the organization of an INN to a wallet."""

    inn: str
    wallet_id: int
    minor: int
    description: str = ""


class OrganizationTransferred(Result, frozen=True, kw_only=True):
    """Both balances afterwards."""

    inn: str
    wallet_id: int
    amount: str
    currency: str
    organization_balance: str
    wallet_balance: str
    description: str


def accounts(intent: TransferFromOrganization, state: State) -> Iterable[AccountId | AccountSpec]:
    """The organization's account, which may not exist yet, and the wallet's."""
    organization = state.record(Organization, intent.inn, by="inn")
    if organization is not None:
        yield organization.account
        yield chart.wallet(intent.wallet_id)


def decide(intent: TransferFromOrganization, state: State, context: Context) -> Outcome:
    """The organization has the money, and the wallet takes roubles."""
    organization = state.record(Organization, intent.inn, by="inn")
    if organization is None:
        return Refused(refusal=ORGANIZATION_NOT_FOUND)
    wallet = usable(state, chart.wallet(intent.wallet_id), CURRENCY)
    if isinstance(wallet, Refused):
        return wallet
    source = payer(state, organization.account.id, CURRENCY, intent.minor)
    if isinstance(source, Refused):
        return source
    change = BalanceChange(
        operation_id=context.operation_id,
        organization_id=organization.id,
        payment_id=None,
        before_minor=source.balance,
        after_minor=source.balance - intent.minor,
        recorded_at=context.now,
        wallet_id=intent.wallet_id,
    )
    currency = currency_of(CURRENCY)
    return Applied(
        legs=move(source.id, wallet.id, intent.minor),
        puts=(change,),
        result=OrganizationTransferred(
            inn=organization.inn,
            wallet_id=intent.wallet_id,
            amount=format_minor(intent.minor, currency),
            currency=CURRENCY,
            organization_balance=format_minor(change.after_minor, currency),
            wallet_balance=format_minor(wallet.balance + intent.minor, currency),
            description=intent.description,
        ),
        about=About(description=intent.description or None),
    )


OPERATION = Operation(
    kind="organization.transfer",
    intent=TransferFromOrganization,
    result=OrganizationTransferred,
    # Other movements of the organization use the same partition.
    partition_key=lambda intent: f"inn:{intent.inn}",
    refs=lambda intent: (Ref(Organization, intent.inn, "inn"),),
    accounts=accounts,
    decide=decide,
    refusals=(ORGANIZATION_NOT_FOUND, *PAYER_REFUSALS),
)
