"""`Prefer: wait=N` (RFC 7240): how long a client wants to wait for the outcome."""

import re
from typing import Final

from payments.http.services import HttpRequest, header_values

WAIT_MAX_S: Final = 30
APPLIED: Final = (b"preference-applied", b"wait")

_WAIT: Final = re.compile(
    r'(?:^|[,;])\s*wait\s*=\s*"?0*([0-9]+)"?\s*(?=$|[,;])', re.IGNORECASE | re.ASCII
)


def preferred_wait_s(request: HttpRequest) -> int:
    """Seconds to wait, 0 when nothing (or nothing readable) was preferred.

    More than 30 counts as 30.
    """
    return wait_s_of(", ".join(header_values(request, b"prefer")))


def wait_s_of(prefer: str) -> int:
    """Seconds of a `Prefer` header's value.

    A preference is never an error: what cannot be read is ignored.
    """
    if not prefer:
        return 0
    found = _WAIT.search(prefer)
    if found is None:
        return 0
    # By length first: int() refuses text of thousands of digits.
    return WAIT_MAX_S if len(found[1]) > len(str(WAIT_MAX_S)) else min(int(found[1]), WAIT_MAX_S)
