"""Which Redis releases are sound: those with the fixes of their series, when it had any."""

from typing import Any

import pytest
from redis.exceptions import NoPermissionError

from streams.durability import is_sound, name_of, parse, version_problem


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("6.2.14", False),
        ("6.2.20", True),
        ("7.0.15", False),
        ("7.2.10", False),
        ("7.2.11", True),
        ("7.4.8", False),
        ("7.4.9", True),
        ("8.0.6", False),
        ("8.2.5", False),
        ("8.2.6", True),
        ("8.4.3", True),
        ("8.6.2", False),
        ("8.8.0", True),
        ("9.0.0", True),
        ("odd", False),
    ],
)
def test_redis_floor(text: str, *, sound: bool) -> None:
    assert is_sound(parse(text)) is sound


class Server:
    """Somebody's server: what it says of itself, and whether this user may run scripts."""

    def __init__(self, info: dict[str, str], *, scripts: bool = True) -> None:
        self._info, self._scripts = info, scripts

    async def info(self, _section: str) -> dict[str, str]:
        return self._info

    async def execute_command(self, *_words: Any) -> int:
        if not self._scripts:
            raise NoPermissionError("no scripting")
        return 1


@pytest.mark.case("P9")
async def test_a_server_is_called_by_its_own_name_and_version() -> None:
    info = {"server_name": "valkey", "valkey_version": "8.1.1", "redis_version": "7.2.4"}
    assert name_of(info) == "Valkey 8.1.1"
    assert name_of({"redis_version": "7.0.15"}) == "Redis 7.0.15"
    assert await version_problem(Server({**info, "valkey_version": "8.1.4"})) is None
    assert await version_problem(Server(info, scripts=False)) is None
    said = await version_problem(Server(info)) or ""
    assert "Valkey 8.1.1" in said
    assert "7.2.4" not in said


@pytest.mark.case("P9")
@pytest.mark.parametrize("version", ["7.0.15", "7.2.4", "8.0.2"])
async def test_a_version_is_not_called_old_without_the_reason(version: str) -> None:
    said = await version_problem(Server({"redis_version": version})) or ""
    assert "CVE-2026-23479" in said
    assert "changelog" in said  # a distribution's package may be mended under this number
