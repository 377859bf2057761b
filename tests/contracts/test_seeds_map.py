"""docs/seeds.md is true where a machine can tell: tables, routes, jobs, names of the code."""

import re
from pathlib import Path
from typing import Final

import payments.registry
from payments.kernel.database import METADATA
from scheduler.schedule import JOBS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/seeds.md").read_text(encoding="utf-8")
FLOW: Final = (ROOT / "docs/superpay/flow.md").read_text(encoding="utf-8")
ROUTES: Final = (ROOT / "tests/architecture/routes.txt").read_text(encoding="utf-8")
ASSIGNED: Final = """
set_task get_task cron wallet.hold_amount wallet.withdraw_amount wallet.deposit_amount pytest
merchant_id redirect_success_url redirect_failure_url locale do_something_cool_here
handshake_id wallet_service transaction_service amqp Celery Faker Sanic Django SHA1 JWT Bearer
private_key banks clients banks_clients banks_percents statuses_operation operations
to_valid_format enough_money get_balance get_money add_money is_different_banks count_percent
os.urandom(5) get_or_create select_for_update transaction.atomic() docker-compose User Wallet
.env.example
"""
"""What the five assignments call by a name of its own."""


def test_every_name_of_the_assignments_is_in_the_map() -> None:
    assert [name for name in ASSIGNED.split() if name not in PAGE] == []


def test_every_table_named_exists() -> None:
    assert payments.registry.OPERATIONS
    for sentence in re.findall(r"\btables? ((?:`\w+`(?:, | and )?)+)", PAGE):
        for name in re.findall(r"`(\w+)`", sentence):
            assert name in METADATA.tables, name
    for table, column in re.findall(r"`(users|banks|payees)\.(\w+)`", PAGE):
        assert column in METADATA.tables[table].c or f"(`{table}.{column}`)" in PAGE


def test_every_route_named_exists() -> None:
    paths = {re.sub(r"\{[^}]*\}", "{}", line.split()[1]) for line in ROUTES.splitlines()}
    for path in re.findall(r"`(?:GET |POST )?(/(?:shop|bank|api|payment|v1)/[^`?]*)`", PAGE):
        pattern = re.sub(r"\{[^}]*\}|<[^>]*>", "{}", path)
        assert any(known.startswith(pattern.rstrip("/")) for known in paths), path


def test_the_infrastructure_names_the_jobs_with_their_times() -> None:
    unit = {"s": 1, "minute": 60, "minutes": 60, "hour": 3600}
    named = dict[str, float]()
    for names, number, word in re.findall(
        r"((?:`\w+`(?: and )?)+) every (\d+)? ?(s|minutes?|hour)\b", FLOW
    ):
        for name in re.findall(r"`(\w+)`", names):
            named[name] = int(number or 1) * unit[word]
    assert named == {job.id: job.every_s for job in JOBS if job.id in named}
    assert len(named) >= 7
