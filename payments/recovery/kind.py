"""Which server was restored: it decides the steps of a recovery."""

import enum


class Kind(enum.Enum):
    """Which server was restored from an older state."""

    POSTGRES_OLDER = "postgres-older"
    REDIS_OLDER = "redis-older"
    BOTH_RESTORED = "both-restored"
