"""hold.create: keep money of a wallet aside."""

from datetime import timedelta

from payments.holds.rules import LAPSING
from payments.holds.tables import Hold
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.posting import Reserve
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.wallets.refusals import PAYER_REFUSALS, payer


class CreateHold(Intent, frozen=True, kw_only=True):
    """Hold `minor` of a wallet; it lets go by itself after `expires_in_s` seconds."""

    wallet_id: int
    minor: int
    currency: str
    expires_in_s: int | None = None
    description: str = ""


class HoldCreated(Result, frozen=True, kw_only=True):
    """The hold, and the wallet's money afterwards."""

    hold_id: str
    wallet_id: int
    amount: str
    currency: str
    available: str
    held: str
    expires_at: str | None


def decide(intent: CreateHold, state: State, context: Context) -> Outcome:
    """The wallet is open, in that currency, and has the money free."""
    wallet = payer(state, chart.wallet(intent.wallet_id), intent.currency, intent.minor)
    if isinstance(wallet, Refused):
        return wallet
    expires_at = None
    if intent.expires_in_s is not None:
        expires_at = context.submitted_at + timedelta(seconds=intent.expires_in_s)
    hold = Hold(
        id=context.operation_id,
        wallet_id=intent.wallet_id,
        purpose="hold",
        minor=intent.minor,
        captured_minor=0,
        released_minor=0,
        currency=intent.currency,
        description=intent.description,
        expires_at=expires_at,
        created_at=context.now,
        closed_at=None,
    )
    currency = currency_of(intent.currency)
    return Applied(
        reserves=(Reserve(wallet.id, intent.minor),),
        puts=(hold,),
        result=HoldCreated(
            hold_id=str(context.operation_id),
            wallet_id=intent.wallet_id,
            amount=format_minor(intent.minor, currency),
            currency=intent.currency,
            available=format_minor(wallet.available - intent.minor, currency),
            held=format_minor(wallet.held + intent.minor, currency),
            expires_at=rfc3339(expires_at) if expires_at else None,
        ),
    )


OPERATION = Operation(
    kind="hold.create",
    intent=CreateHold,
    result=HoldCreated,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    lapsing=LAPSING,
    refusals=PAYER_REFUSALS,
)
