"""`payments keys`: the key alone on stdout, the secret nowhere else."""

import os
import subprocess
import sys

import httpx

from tests.fixtures.platform import Platform


def payments(platform: Platform, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the platform's servers."""
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PAYMENTS_")},
        "PAYMENTS_DATABASE_URL": platform.database_url,
        "PAYMENTS_REDIS_URL": platform.redis_url,
    }
    command = [sys.executable, "-m", "payments", *words]
    return subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


async def test_a_key_is_made_used_listed_and_revoked(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    made = payments(platform, "keys", "create", "--name", "shop", "--scopes", "wallets:read")
    key = made.stdout.strip()
    assert made.stdout == f"{key}\n"
    assert key.startswith("pk_dev_")
    client.headers["Authorization"] = f"Bearer {key}"
    assert (await client.get("/v1/wallets")).status_code == 200
    assert (await client.post("/v1/holds", json={})).status_code == 403
    secret = key.split("_", 3)[3]
    stored = await platform.value("SELECT array_agg(k::text)::text FROM api_keys AS k")
    listed = payments(platform, "keys", "list").stdout
    assert key.split("_")[2] in listed
    assert secret not in listed
    assert secret not in stored
    assert payments(platform, "keys", "revoke", key).returncode == 0
    assert payments(platform, "keys", "revoke", key).returncode == 1


async def test_scopes_that_do_not_exist_are_refused(platform: Platform) -> None:
    made = payments(platform, "keys", "create", "--name", "x", "--scopes", "wallets:read,all")
    assert made.returncode == 2
    assert made.stdout == ""
    assert "all" in made.stderr


async def test_audit_and_doctor_speak(platform: Platform) -> None:
    audit = payments(platform, "audit")
    assert audit.returncode == 0, audit.stdout
    assert "holds" in audit.stdout
    doctor = payments(platform, "doctor")
    assert "appendfsync" in doctor.stdout
    assert "partitions" in doctor.stdout


def test_production_without_settings_says_all_and_ends_with_2() -> None:
    environ = {"PAYMENTS_ENV": "production", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "payments", "api"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "PAYMENTS_JWT_SECRET is required" in done.stderr
    assert "PAYMENTS_DATABASE_URL is required" in done.stderr
