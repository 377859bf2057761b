"""Alert rules and dashboard name metrics that running roles export, and the watches set them."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import REGISTRY

from payments.entrypoints.database_watch import DatabaseWatch
from payments.entrypoints.scheduler_watch import SchedulerWatch
from payments.http.tally import Tally
from payments.kernel.clock import utc_now
from scheduler.schedule import JOBS
from tests.faults.roles import role
from tests.fixtures.platform import Platform, eventually
from tests.fixtures.ports import free_port

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "alerts" / "payments.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "payments.json"


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    document = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """Of the rules and of the dashboard."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + shown


def metrics_named() -> set[str]:
    """A histogram is exported under its name, and asked for by its parts."""
    names = {name for query in queries() for name in re.findall(r"payments_\w+", query)}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def labels_of(metric: str) -> set[str]:
    """The labels that this process gives a metric; importing the roles registers them all."""
    collector: Any = REGISTRY._names_to_collectors[metric]
    if isinstance(collector, Tally):  # it makes its families when it is asked
        name = re.sub(r"_(total|bucket|sum|count)$", "", metric)
        (collector,) = (family for family in collector.collect() if family.name == name)
    return {*collector._labelnames, "le"}


def test_the_dashboard_groups_by_labels_that_there_are() -> None:
    for panel in panels():
        assert panel["description"], panel["title"]
        for target in panel["targets"]:
            names = re.findall(r"payments_\w+", target["expr"])
            grouped = re.findall(r"by \(([^)]*)\)", target["expr"])
            labels = {one.strip() for group in grouped for one in group.split(",")}
            shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert shown <= labels, panel["title"]
            for name in names:
                assert labels <= labels_of(name), panel["title"]


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        grid = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert not cells & taken, panel["title"]
        assert grid["x"] + grid["w"] <= 24
        taken |= cells


def test_every_rule_says_what_is_wrong_and_how_urgent_it_is() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]


async def exported(ports: list[int]) -> set[str]:
    """Names of everything the roles at these ports export, whether it has a value yet or not."""
    names: set[str] = set()
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        for port in ports:
            try:
                text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
            except httpx.HTTPError:
                return set()  # not up yet
            names |= set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    return names


async def test_each_metric_in_the_rules_is_exported_by_a_running_role(
    database: str, redis_url: str
) -> None:
    roles = ("api", "consumer", "executor", "scheduler")
    ports = [free_port() for _ in roles]
    async with AsyncExitStack() as stack:
        for name, port in zip(roles, ports, strict=True):
            more = {"PAYMENTS_METRICS_PORT": str(port), "PAYMENTS_PORT": str(free_port())}
            await stack.enter_async_context(role(name, database, redis_url, **more))
        found = await eventually(lambda: exported(ports), 60, every_s=0.5)
    assert metrics_named() - found == set()


def metric(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, name
    return found


@pytest.mark.case("C19")
async def test_a_blocked_session_and_an_old_snapshot_are_seen(platform: Platform) -> None:
    watch = DatabaseWatch(platform.engine)
    async with platform.connection() as holder, platform.connection() as waiter:
        await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await holder.execute("SELECT pg_advisory_xact_lock(1)")
        waiting = asyncio.create_task(waiter.execute("SELECT pg_advisory_lock(1)"))

        async def is_seen() -> bool:
            await watch.look()
            return metric("payments_sessions_blocked") == 1

        await eventually(is_seen)
        await asyncio.sleep(0.2)
        await watch.look()
        assert metric("payments_session_blocked_oldest_seconds") >= 0.2
        assert metric("payments_oldest_snapshot_seconds") >= 0.2
        await holder.execute("COMMIT")
        await waiting
    await watch.look()
    assert metric("payments_sessions_blocked") == 0


async def test_a_job_that_never_ran_grows_old(platform: Platform) -> None:
    watch = SchedulerWatch(platform.engine, utc_now)
    await watch._look()
    for job in JOBS:
        assert 0 <= metric("payments_job_age_seconds", job=job.id) < 60
        assert metric("payments_job_overdue_after_seconds", job=job.id) > job.every_s
