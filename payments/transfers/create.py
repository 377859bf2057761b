"""transfer.create: money from one wallet to another of the same currency."""

from typing import Final
from uuid import UUID

from payments.kernel.ids import sortable_id
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.plain import Plain
from payments.operations.refusals import INSUFFICIENT_FUNDS
from payments.transfers.tables import PlainTransfer, Transfer
from payments.wallets.refusals import PAYER_REFUSALS, SAME_WALLET, usable


class CreateTransfer(Intent, frozen=True, kw_only=True):
    """Move `minor` of `currency` between two wallets."""

    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    description: str = ""


class TransferCreated(Result, frozen=True, kw_only=True):
    """Both balances afterwards."""

    transfer_id: UUID
    source_balance: str
    destination_balance: str


def decide(intent: CreateTransfer, state: State, context: Context) -> Outcome:
    """Both wallets open, in that currency; the source has the money."""
    if intent.source_wallet_id == intent.destination_wallet_id:
        return Refused(refusal=SAME_WALLET)
    source_id = chart.wallet(intent.source_wallet_id)
    source = usable(state, source_id, intent.currency, is_payer=True)
    if isinstance(source, Refused):
        return source
    destination = usable(state, chart.wallet(intent.destination_wallet_id), intent.currency)
    if isinstance(destination, Refused):
        return destination
    if source.available < intent.minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    currency = currency_of(intent.currency)
    transfer = Transfer(  # by place, with nothing reversed: names cost twice as much
        sortable_id(context.operation_id, context.now),
        intent.source_wallet_id,
        intent.destination_wallet_id,
        intent.minor,
        intent.currency,
        0,
        None,
        intent.description,
        context.now,
    )
    return Applied(
        legs=move(source.id, destination.id, intent.minor),
        puts=(transfer,),
        result=TransferCreated(
            transfer_id=transfer.id,  # msgspec writes it faster than str() does
            source_balance=format_minor(source.balance - intent.minor, currency),
            destination_balance=format_minor(destination.balance + intent.minor, currency),
        ),
    )


PLAIN: Final[Plain[CreateTransfer]] = Plain(
    moves=lambda intent: (
        chart.wallet(intent.source_wallet_id),
        chart.wallet(intent.destination_wallet_id),
        intent.minor,
        intent.currency,
    ),
    row=lambda intent, envelope, id_, number, now: PlainTransfer(
        id_,
        intent.source_wallet_id,
        intent.destination_wallet_id,
        intent.minor,
        intent.currency,
        intent.description,
        envelope.operation_id,
        envelope.kind,
        envelope.actor,
        number,
        now,
    ),
    result=lambda id_, source, destination: TransferCreated(
        transfer_id=id_, source_balance=source, destination_balance=destination
    ),
)
OPERATION = Operation(
    kind="transfer.create",
    intent=CreateTransfer,
    result=TransferCreated,
    partition_key=lambda intent: intent.source_wallet_id,
    accounts=lambda intent, _state: (
        chart.wallet(intent.source_wallet_id),
        chart.wallet(intent.destination_wallet_id),
    ),
    decide=decide,
    plain=PLAIN,
    refusals=(SAME_WALLET, *PAYER_REFUSALS),
)
