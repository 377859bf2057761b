"""transfer.reverse: money of a transfer goes back, whole or in parts, never more than it moved."""

from collections.abc import Iterable
from uuid import UUID

from payments.kernel.ids import AccountId, sortable_id
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.transfers.refusals import ALREADY_REVERSED, NOT_REVERSIBLE, TRANSFER_NOT_FOUND
from payments.transfers.tables import Transfer
from payments.wallets.refusals import PAYER_REFUSALS, payer, usable


class ReverseTransfer(Intent, frozen=True, kw_only=True):
    """Give back `minor` of a transfer, or all that is left of it when None."""

    transfer_id: UUID
    minor: int | None = None


def accounts(intent: ReverseTransfer, state: State) -> Iterable[AccountId]:
    """The two wallets of the transfer."""
    transfer = state.record(Transfer, intent.transfer_id)
    if transfer is None:
        return ()
    return chart.wallet(transfer.source_wallet_id), chart.wallet(transfer.destination_wallet_id)


class TransferReversed(Result, frozen=True, kw_only=True):
    """`transfer_id` is the reversal's own; both balances afterwards."""

    transfer_id: str
    reversal_of: str
    amount: str
    currency: str
    source_balance: str
    destination_balance: str


def decide(intent: ReverseTransfer, state: State, context: Context) -> Outcome:
    """What is left of the transfer covers it, and the receiver still has the money."""
    transfer = state.record(Transfer, intent.transfer_id)
    if transfer is None:
        return Refused(refusal=TRANSFER_NOT_FOUND)
    if transfer.reversal_of is not None:
        return Refused(refusal=NOT_REVERSIBLE)
    left = transfer.minor - transfer.reversed_minor
    minor = left if intent.minor is None else intent.minor
    if left == 0 or minor > left:
        return Refused(refusal=ALREADY_REVERSED)
    receiver = payer(state, chart.wallet(transfer.destination_wallet_id), transfer.currency, minor)
    if isinstance(receiver, Refused):
        return receiver
    sender = usable(state, chart.wallet(transfer.source_wallet_id), transfer.currency)
    if isinstance(sender, Refused):
        return sender
    reversal = Transfer(
        id=sortable_id(context.operation_id, context.now),
        source_wallet_id=transfer.destination_wallet_id,
        destination_wallet_id=transfer.source_wallet_id,
        minor=minor,
        currency=transfer.currency,
        reversed_minor=0,
        reversal_of=transfer.id,
        description=f"reversal of {transfer.id}",
        created_at=context.now,
    )
    currency = currency_of(transfer.currency)
    return Applied(
        legs=move(receiver.id, sender.id, minor),
        about=About(reversal_of=transfer.id),
        puts=(transfer.changed(reversed_minor=transfer.reversed_minor + minor), reversal),
        result=TransferReversed(
            transfer_id=str(reversal.id),
            reversal_of=str(transfer.id),
            amount=format_minor(minor, currency),
            currency=transfer.currency,
            source_balance=format_minor(receiver.balance - minor, currency),
            destination_balance=format_minor(sender.balance + minor, currency),
        ),
    )


OPERATION = Operation(
    kind="transfer.reverse",
    intent=ReverseTransfer,
    result=TransferReversed,
    partition_key=lambda intent: str(intent.transfer_id),
    refs=lambda intent: (Ref(Transfer, intent.transfer_id),),
    accounts=accounts,
    decide=decide,
    refusals=(TRANSFER_NOT_FOUND, NOT_REVERSIBLE, ALREADY_REVERSED, *PAYER_REFUSALS),
)
