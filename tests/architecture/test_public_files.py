"""What a public project needs is there and says the same as pyproject.toml and the Makefile."""

import re
import tomllib
from typing import Any, cast

import pytest
import yaml

from tests.architecture.sources import ROOT, text

PROJECT = cast("dict[str, Any]", tomllib.loads(text("pyproject.toml"))["project"])
WORKFLOW = cast("dict[str, Any]", yaml.safe_load(text(".github/workflows/ci.yml")))
JOBS = cast("dict[str, Any]", WORKFLOW["jobs"])
TARGETS = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize(
    "name",
    ["LICENSE", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md", ".editorconfig"],
)
def test_the_file_is_there(name: str) -> None:
    assert text(name).strip()


def test_the_licence_is_the_one_named() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    assert "Apache License" in text("LICENSE")
    assert "Version 2.0, January 2004" in text("LICENSE")


def test_the_workflow_tests_every_python_that_is_claimed() -> None:
    prefix = "Programming Language :: Python :: 3."
    claimed = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if c.startswith(prefix)}
    assert set(JOBS["test"]["strategy"]["matrix"]["python"]) == claimed


def test_the_workflow_tests_every_postgresql_from_15() -> None:
    assert JOBS["postgresql"]["strategy"]["matrix"]["postgresql"] == ["15", "16", "17", "18"]


def test_the_workflow_runs_targets_that_exist() -> None:
    steps = [step for job in JOBS.values() for step in job["steps"]]
    targets = {t for step in steps for t in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert targets
    assert targets <= TARGETS


def test_pre_commit_runs_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load(text(".pre-commit-config.yaml"))["repos"][0]["hooks"]
    commands = {hook["entry"] for hook in hooks}
    recipe = text("Makefile")
    for tool in ("ruff check", "ruff format", "mypy", "lint-imports"):
        assert f"$(BIN)/{tool}" in recipe
        assert any(command.startswith(f".venv/bin/{tool}") for command in commands)


def test_every_package_says_that_it_is_typed() -> None:
    packages = tomllib.loads(text("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in packages["packages"]:
        if package != "migrations":
            assert (ROOT / package / "py.typed").is_file(), package


def test_the_changelog_has_a_part_for_this_version() -> None:
    assert f"\n## {PROJECT['version']}" in text("CHANGELOG.md")
