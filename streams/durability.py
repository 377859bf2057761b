"""Checks that what Redis confirms is on disk, and that its version has no known faults."""

from collections.abc import Mapping
from typing import Any, Final

from redis.exceptions import NoPermissionError, RedisError, ResponseError

REQUIRED: Final = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "maxmemory-policy": "noeviction",
}
"""Settings that make an acknowledged XADD durable; even with `always` a rewrite can skip fsync."""

NOT_TOLD: Final = "not told"

# CVE-2025-49844 (Lua: fixed in 6.2.20, 7.2.11, 7.4.6, 8.0.4, 8.2.2, Valkey 8.1.4), CVE-2025-62507
# (XACKDEL: 8.2.3) and CVE-2026-23479 (a blocked client is unblocked, as our readers are all day:
# 7.4.9, 8.2.6, 8.4.3, 8.6.3, 8.8).
_REDIS_FLOORS: Final = {(6, 2): 20, (7, 2): 11, (7, 4): 9, (8, 2): 6, (8, 4): 3, (8, 6): 3}
_REDIS_SOUND_FROM: Final = (8, 8)
_VALKEY_SOUND_FROM: Final = (8, 1, 4)
_LUA: Final = "CVE-2025-49844 (scripts; an ACL with -@scripting keeps it away)"
_UNBLOCK: Final = "CVE-2026-23479 (readers that wait, as ours do)"
_LUA_ONLY: Final = (7, 0)
"""Versions below this are known to have only the fault in scripting."""


async def durability(client: Any) -> dict[str, str]:
    """The value of each required setting; `NOT_TOLD` where an ACL hides it."""
    return {name: await _setting(client, name) for name in REQUIRED}


async def _setting(client: Any, name: str) -> str:
    try:
        values = await client.config_get(name)
    except (NoPermissionError, ResponseError):
        return NOT_TOLD
    return next((_text(value) for value in values.values()), NOT_TOLD) if values else NOT_TOLD


def problem(name: str, value: str) -> str:
    """What is wrong with a setting, and how to correct it."""
    if value == NOT_TOLD:
        return (
            f"{name} cannot be read: allow this user CONFIG GET (ACL +config|get; 6.2: +config); a "
            "managed Redis that has no CONFIG: PAYMENTS_REDIS_DURABILITY=attested, if its "
            "documents promise it"
        )
    return f"{name} is {value} and must be {REQUIRED[name]}: else confirmed intents can be lost"


def name_of(info: Mapping[str, Any]) -> str:
    """The server's own name and version: `Valkey 8.1.1`, not the Redis version it is compatible
    with.
    """
    name = _text(info.get("server_name", "redis"))
    version = info.get(f"{name}_version", info.get("redis_version", "unknown"))
    return f"{name.capitalize()} {_text(version)}"


async def version_problem(client: Any) -> str | None:
    """Why this version should not be used, or None. Raises RedisError without a server."""
    info = await client.info("server")
    if "valkey_version" in info:
        version = parse(info["valkey_version"])
        is_fine = version >= _VALKEY_SOUND_FROM or not await may_script(client)
        return None if is_fine else _known(info, _LUA, "Valkey 8.1.4 or newer")
    version = parse(info.get("redis_version", "0"))
    if is_sound(version) or (version < _LUA_ONLY and not await may_script(client)):
        return None
    faults = _LUA if version < _LUA_ONLY else f"{_LUA}, {_UNBLOCK}"
    return _known(info, faults, "Redis 8.8, 8.6.3, 8.4.3 or 7.4.9")


def _known(info: Mapping[str, Any], faults: str, newer: str) -> str:
    """A distribution fixes faults without a new version number, which is not visible from here."""
    return (
        f"{name_of(info)} as published has {faults}. A package of a distribution (Debian, Ubuntu, "
        f"Red Hat) may have fixed it under the same number: check the package's "
        f"changelog. Otherwise use {newer}"
    )


def parse(text: Any) -> tuple[int, ...]:
    """`7.4.9` as a tuple of numbers."""
    return tuple(int(part) for part in _text(text).split(".")[:3] if part.isdigit())


def is_sound(version: tuple[int, ...]) -> bool:
    """True from the first release of its series with all known fixes; some series never had one."""
    if version >= _REDIS_SOUND_FROM:
        return True
    floor = _REDIS_FLOORS.get((version[0], version[1])) if len(version) > 1 else None
    return floor is not None and version[2:] >= (floor,)


async def may_script(client: Any) -> bool:
    """Whether this user may run Lua scripts, which this product never does."""
    try:
        await client.execute_command("EVAL", "return 1", 0)
    except NoPermissionError:
        return False
    except RedisError:
        return True
    return True


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
