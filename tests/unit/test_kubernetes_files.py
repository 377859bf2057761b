"""The Kubernetes manifests agree with the program: settings, commands, ports, times."""

import re
import secrets
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml

from payments.entrypoints import api, cli
from payments.entrypoints.environment import read_settings
from payments.entrypoints.metrics import ROLES
from payments.entrypoints.settings import Secret, Settings, variable
from tests.architecture.sources import ROOT

FOLDER: Final = ROOT / "deploy" / "kubernetes"
KUSTOMIZATION: Final[dict[str, Any]] = yaml.safe_load(
    (FOLDER / "kustomization.yaml").read_text(encoding="utf-8")
)
DOCUMENTS: Final[list[dict[str, Any]]] = [
    document
    for name in KUSTOMIZATION["resources"]
    for document in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
]
MOUNT: Final = "/run/secrets/payments/"


def of(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a kind, by name."""
    return {d["metadata"]["name"]: d for d in DOCUMENTS if d["kind"] == kind}


PODS: Final = {
    name: document["spec"]["template"]["spec"]
    for name, document in {**of("Deployment"), **of("Job")}.items()
}


def configuration() -> dict[str, str]:
    """The variables that every pod gets."""
    more = KUSTOMIZATION["configMapGenerator"][0]["literals"]
    return {**of("ConfigMap")["payments"]["data"], **dict(line.split("=", 1) for line in more)}


def secret_files() -> dict[str, str]:
    """File name of each secret by its setting."""
    files = {n: v for n, v in configuration().items() if n.endswith("_FILE")}
    assert all(v.startswith(MOUNT) for v in files.values())
    return {n.removesuffix("_FILE"): v.removeprefix(MOUNT) for n, v in files.items()}


def test_every_file_is_listed_and_every_role_is_there() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(KUSTOMIZATION["resources"]) == files
    assert set(of("Deployment")) == {f"payments-{role}" for role in ("api", *ROLES)}
    assert set(of("Job")) == {"payments-migrate"}


def test_the_variables_are_those_of_the_program() -> None:
    plain = {n for n in configuration() if not n.endswith("_FILE")}
    known = {variable(field) for field in Settings.__struct_fields__}
    assert plain | set(secret_files()) <= known
    secret = {variable(f) for f in Settings.__struct_fields__ if _is_secret(f)}
    assert set(secret_files()) <= secret
    assert plain & secret == set(), "a secret stands in a file, not in a ConfigMap"


def _is_secret(field: str) -> bool:
    return isinstance(getattr(Settings(), field), Secret)


def test_production_starts_with_these_settings(tmp_path: Path) -> None:
    given = configuration()
    addresses = {
        "database_url": "postgresql://payments:x@postgres/payments?sslmode=verify-full",
        "redis_url": "rediss://payments:x@redis:6379/0",
        "smtp_url": "smtp://mail:587",
    }
    for name, file in secret_files().items():
        (tmp_path / file).write_text(addresses.get(file, secrets.token_hex(32)))
        given[f"{name}_FILE"] = str(tmp_path / file)
    settings = read_settings(given)
    assert settings.is_production
    ports = {p["name"]: p["containerPort"] for p in _container("payments-api")["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}


def test_the_secrets_are_those_that_the_readme_makes() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"--from-(?:file|literal)=(\w+)", text)) == set(secret_files().values())


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_runs_a_command_that_exists_with_the_least_rights(name: str) -> None:
    group: Any = typer.main.get_command(cli.app)
    container, pod = _container(name), PODS[name]
    assert container["args"][0] in group.commands
    assert name == f"payments-{container['args'][0]}"
    assert pod["securityContext"]["runAsUser"] == _uid_of_image()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    rights = container["securityContext"]
    assert (rights["readOnlyRootFilesystem"], rights["allowPrivilegeEscalation"]) == (True, False)
    assert rights["capabilities"] == {"drop": ["ALL"]}
    mounts = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
    assert mounts == {"secrets": MOUNT.rstrip("/"), "tmp": "/tmp"}  # noqa: S108 - in the container
    assert {v["name"] for v in pod["volumes"]} == set(mounts)
    maps = [source["configMapRef"]["name"] for source in container["envFrom"]]
    assert maps == ["payments", KUSTOMIZATION["configMapGenerator"][0]["name"]]


def _uid_of_image() -> int:
    found = re.search(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


def _container(name: str) -> dict[str, Any]:
    (container,) = PODS[name]["containers"]
    assert isinstance(container, dict)
    return container


def test_the_image_is_this_release() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (image,) = KUSTOMIZATION["images"]
    assert image["newTag"] == project["version"]
    assert {_container(name)["image"] for name in PODS} == {image["name"]}


@pytest.mark.parametrize("name", sorted(of("Deployment")))
def test_a_role_is_probed_selected_and_protected(name: str) -> None:
    deployment, container = of("Deployment")[name], _container(name)
    port = "http" if name == "payments-api" else "metrics"
    for probe, path in (
        ("startupProbe", "/health/live"),
        ("livenessProbe", "/health/live"),
        ("readinessProbe", "/health/ready"),
    ):
        assert container[probe]["httpGet"] == {"path": path, "port": port}
    assert port in {p["name"] for p in container["ports"]}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    budget = of("PodDisruptionBudget")[name]["spec"]
    assert budget["selector"]["matchLabels"] == labels
    assert deployment["spec"]["replicas"] > budget.get("minAvailable", 1)


def test_who_stops_has_the_time_it_needs() -> None:
    """As long as the container waits, then as long as the role drains, and half as much again."""
    needed_s = {"payments-api": 5 + api._GRACEFUL_S, "payments-executor": 10 + 3}
    hook = _container("payments-api")["lifecycle"]["preStop"]["exec"]["command"]
    assert hook == ["sleep", "5"]
    for name in of("Deployment"):
        given_s = PODS[name]["terminationGracePeriodSeconds"]
        assert given_s >= 1.5 * needed_s.get(name, 5), name


def test_the_service_leads_to_the_api_and_not_to_its_metrics() -> None:
    service = of("Service")["payments-api"]["spec"]
    assert service["selector"] == PODS_LABELS["payments-api"]
    assert [port["targetPort"] for port in service["ports"]] == ["http"]


PODS_LABELS: Final = {
    name: document["spec"]["template"]["metadata"]["labels"]
    for name, document in of("Deployment").items()
}


def test_the_order_of_an_upgrade_is_that_of_the_document() -> None:
    """What is written in docs/upgrading.md, and what the previous release beside this one shows."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    steps = re.findall(r"component=(\w+)", text.split("## Upgrade")[1].split("##")[0])
    order = ["migrate", "consumer", "executor", "scheduler", "api"]
    assert [step for step in dict.fromkeys(steps) if step in order] == order
