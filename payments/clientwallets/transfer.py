"""client_transfer.create: money from one client to another; refused attempts are stored too."""

from payments.clientwallets.refusals import SOURCE_WALLET_NOT_OWNED
from payments.clientwallets.tables import TRANSFER_NUMBERS, ClientTransfer, ClientWallet
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.account import Account
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import INSUFFICIENT_FUNDS
from payments.wallets.refusals import PAYER_REFUSALS, SAME_WALLET, WALLET_NOT_FOUND, usable


class CreateClientTransfer(Intent, frozen=True):
    """Move `minor` from the wallet of `user_id` to another client's wallet."""

    user_id: int
    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str


class ClientTransferNumbered(Result, frozen=True, kw_only=True):
    """Number and parties of an attempt, applied or refused."""

    transaction_id: int
    user_id: int
    source_wallet_id: int
    destination_wallet_id: int


class ClientTransferCreated(ClientTransferNumbered, frozen=True, kw_only=True):
    """The transfer."""

    amount: str
    currency: str


def decide(intent: CreateClientTransfer, state: State, context: Context) -> Outcome:
    """Give every attempt a number and a row, so that the client can query refused ones too."""
    number = state.number(TRANSFER_NUMBERS)
    parties = _parties(intent, state)
    refusal = parties.refusal if isinstance(parties, Refused) else None
    row = ClientTransfer(
        id=number,
        operation_id=context.operation_id,
        user_id=intent.user_id,
        source_wallet_id=intent.source_wallet_id,
        destination_wallet_id=intent.destination_wallet_id,
        minor=intent.minor,
        currency=intent.currency,
        reason=None if refusal is None else refusal.code,
        created_at=context.now,
    )
    numbered = ClientTransferNumbered(
        transaction_id=number,
        user_id=intent.user_id,
        source_wallet_id=intent.source_wallet_id,
        destination_wallet_id=intent.destination_wallet_id,
    )
    if isinstance(parties, Refused):
        return Refused(refusal=parties.refusal, result=numbered, puts=(row,))
    source, destination = parties
    amount = format_minor(intent.minor, currency_of(intent.currency))
    return Applied(
        legs=move(source.id, destination.id, intent.minor),
        puts=(row,),
        result=ClientTransferCreated(
            transaction_id=number,
            user_id=intent.user_id,
            source_wallet_id=intent.source_wallet_id,
            destination_wallet_id=intent.destination_wallet_id,
            amount=amount,
            currency=intent.currency,
        ),
    )


def _parties(intent: CreateClientTransfer, state: State) -> tuple[Account, Account] | Refused:
    """Source and destination account, or the refusal."""
    if intent.source_wallet_id == intent.destination_wallet_id:
        return Refused(refusal=SAME_WALLET)
    source = _account(state, intent.source_wallet_id, intent.currency, owner=intent.user_id)
    if isinstance(source, Refused):
        return source
    destination = _account(state, intent.destination_wallet_id, intent.currency)
    if isinstance(destination, Refused):
        return destination
    if source.available < intent.minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    return source, destination


def _account(
    state: State, wallet_id: int, currency: str, owner: int | None = None
) -> Account | Refused:
    client = state.record(ClientWallet, wallet_id, by="wallet_id")
    if client is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    if owner not in {None, client.user_id}:
        return Refused(refusal=SOURCE_WALLET_NOT_OWNED)
    return usable(state, chart.wallet(wallet_id), currency, is_payer=owner is not None)


def _refs(intent: CreateClientTransfer) -> tuple[Ref, ...]:
    wallets = (intent.source_wallet_id, intent.destination_wallet_id)
    return tuple(Ref(ClientWallet, wallet_id, "wallet_id") for wallet_id in wallets)


OPERATION = Operation(
    kind="client_transfer.create",
    intent=CreateClientTransfer,
    result=ClientTransferCreated,
    partition_key=lambda intent: intent.source_wallet_id,
    refs=_refs,
    accounts=lambda intent, _state: (
        chart.wallet(intent.source_wallet_id),
        chart.wallet(intent.destination_wallet_id),
    ),
    decide=decide,
    refusals=tuple(
        refusal.carrying(ClientTransferNumbered)
        for refusal in (SAME_WALLET, SOURCE_WALLET_NOT_OWNED, *PAYER_REFUSALS)
    ),
    sequences=(TRANSFER_NUMBERS,),
)
