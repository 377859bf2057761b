"""Connection options for a Redis server."""

from typing import Any, Final

from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

SOCKET_TIMEOUT_S: Final = 5.0
CONNECT_TIMEOUT_S: Final = 2.0
BLOCK_MS: Final = 2000
"""How long a read may block: well below the socket timeout, so idle is not mistaken for dead."""


def options(**overrides: Any) -> dict[str, Any]:
    """The arguments of every client and pool."""
    return {
        "socket_timeout": SOCKET_TIMEOUT_S,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "health_check_interval": 0,
        "decode_responses": False,
        "protocol": 2,
        **overrides,
    }
