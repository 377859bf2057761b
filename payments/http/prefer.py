"""`Prefer: wait=N` (RFC 7240): how long a client waits for the outcome."""

import re
from typing import Final

from payments.http.services import HttpRequest, header_values

WAIT_MAX_S: Final = 30
APPLIED: Final = (b"preference-applied", b"wait")

_WAIT: Final = re.compile(
    r'(?:^|[,;])\s*wait\s*=\s*"?0*([0-9]+)"?\s*(?=$|[,;])', re.IGNORECASE | re.ASCII
)


def preferred_wait_s(request: HttpRequest) -> int:
    """Seconds to wait, at most 30; 0 when the header is missing or invalid."""
    return wait_s_of(", ".join(header_values(request, b"prefer")))


def wait_s_of(prefer: str) -> int:
    """Seconds in the value of a `Prefer` header; an invalid value is ignored and gives 0."""
    if not prefer:
        return 0
    preference = _WAIT.search(prefer)
    if preference is None:
        return 0
    # The length is compared first: int() refuses a text of thousands of digits.
    return (
        WAIT_MAX_S
        if len(preference[1]) > len(str(WAIT_MAX_S))
        else min(int(preference[1]), WAIT_MAX_S)
    )
