"""registry.fetch: asks the executor to fetch the provider's registry of a day. Moves no money."""

from datetime import date
from typing import Final

from payments.operations.envelope import Intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Effect, Result

FETCH_EFFECT: Final = "superpay.fetch_registry"


class FetchRegistry(Intent, frozen=True):
    """Get the registry of a UTC day."""

    day: date


class RegistryWanted(Result, frozen=True, kw_only=True):
    """The requested day; its run appears under /v1/reconciliation/registries."""

    date: str


def decide(intent: FetchRegistry, _state: State, context: Context) -> Applied:
    """Always succeeds; it only requests the file."""
    day = intent.day.isoformat()
    body = {"day": day, "by": context.actor}
    return Applied(effects=(Effect(kind=FETCH_EFFECT, body=body),), result=RegistryWanted(date=day))


OPERATION = Operation(
    kind="registry.fetch",
    intent=FetchRegistry,
    result=RegistryWanted,
    partition_key=lambda intent: intent.day.isoformat(),
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=decide,
)
