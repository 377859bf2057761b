"""`payments operators`: the one-time link alone on stdout; listing, disabling, resetting."""

import httpx

from tests.fixtures.console import PASSWORD
from tests.fixtures.platform import Platform
from tests.integration.test_cli_keys import payments


async def test_an_operator_is_made_listed_reset_and_disabled(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    made = payments(platform, "operators", "create", "--login", "Anna", "--role", "admin")
    link = made.stdout.strip()
    assert (made.returncode, made.stdout) == (0, f"{link}\n"), made.stderr
    path = "/console/link/" + link.rpartition("/console/link/")[2]
    assert payments(platform, "operators", "create", "--login", "anna").returncode == 1
    demo = ("operators", "create", "--login", "anna", "--role", "admin", "--unless-active")
    assert (await client.get(path)).status_code == 200
    renewed = payments(platform, *demo).stdout.strip()
    assert (await client.get(path)).status_code == 404, "a new link ends the one before"
    path = "/console/link/" + renewed.rpartition("/console/link/")[2]
    answer = await client.post(path, data={"password": PASSWORD, "again": PASSWORD})
    assert answer.status_code == 200
    assert payments(platform, *demo).stdout == "", "who has a password gets no link"
    listed = payments(platform, "operators", "list").stdout
    assert ("anna" in listed, "active" in listed) == (True, True)
    reset = payments(platform, "operators", "reset", "--login", "anna")
    assert "/console/link/" in reset.stdout
    last = payments(platform, "operators", "disable", "--login", "anna")
    assert (last.returncode, "last active administrator" in last.stderr) == (1, True)
    assert payments(platform, "operators", "create", "--login", "root", "--role", "admin").stdout
    assert payments(platform, "operators", "disable", "--login", "anna").returncode == 0
    recorded = "SELECT array_agg(action ORDER BY id)::text FROM operator_actions WHERE login = ''"
    assert (await platform.value(recorded)).count("operator.create") == 2
