"""What may be said of an endpoint, whoever says it."""

from typing import Any

from payments.endpoints.destination import BadAddress, Policy, Resolver, address_of, place_of
from payments.events.types import is_pattern
from payments.kernel.errors import InvalidBody


async def check_values(policy: Policy, look_up: Resolver, values: dict[str, Any]) -> None:
    """Raise 422 `invalid_body` for a URL that may not be sent to, or what is no type."""
    wrong = [one for one in values.get("types", ()) if not is_pattern(one)]
    if wrong:
        message = f"{wrong[0][:100]!r} is no type: write payout.paid, payout.* or *"
        raise InvalidBody(message, errors=[{"field": "types", "message": message}])
    if "url" in values:
        try:
            await address_of(place_of(values["url"], policy), policy, look_up)
        except BadAddress as error:
            errors = [{"field": "url", "message": str(error)}]
            raise InvalidBody(str(error), errors=errors) from None
