"""What `make dist` builds: every file of the packages, one version, what a client needs."""

import email
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CLIENT: Final = ROOT / "clients/python"


def built(project: Path, target: Path) -> Path:
    """Build the wheel and the sdist of a project."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(target)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    return target


def project_of(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text())
    return document


def metadata_of(wheel: zipfile.ZipFile) -> Message:
    name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's wheel and sdist."""
    return built(ROOT, tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python client's wheel and sdist."""
    return built(CLIENT, tmp_path_factory.mktemp("client"))


def test_the_wheel_has_every_file_of_its_packages(product: Path) -> None:
    settings = project_of(ROOT)["tool"]["hatch"]["build"]["targets"]["wheel"]
    excluded = tuple(settings["exclude"])
    expected = {
        str(path.relative_to(ROOT))
        for package in settings["packages"]
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    expected = {name for name in expected if not name.startswith(excluded)}
    with zipfile.ZipFile(next(product.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        assert names == expected
        version = metadata_of(wheel)["Version"]
    assert {name.rpartition(".")[2] for name in names} >= {"py", "sql", "toml", "mako", "typed"}
    assert version == project_of(ROOT)["project"]["version"]


def test_the_sdist_can_be_tested_and_holds_no_data(product: Path) -> None:
    with tarfile.open(next(product.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"tests/conftest.py", "Makefile", "requirements.lock", "docker-compose.yml"} <= names
    assert [name for name in names if name.startswith((".venv", ".payments", ".git/"))] == []


def test_the_client_is_typed_small_and_of_the_products_version(client: Path) -> None:
    with zipfile.ZipFile(next(client.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = metadata_of(wheel)
    assert "payments_client/py.typed" in names
    assert {name.partition("/")[0] for name in names} == {"payments_client"}
    needs = metadata.get_all("Requires-Dist") or []
    assert {need.partition(">")[0] for need in needs} == {"httpx", "msgspec"}
    assert metadata["Version"] == project_of(ROOT)["project"]["version"]
