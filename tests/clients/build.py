"""Clients of three languages, generated from the OpenAPI document and built: `make test-clients`.

Needs npm and go on the PATH and their registries; `make test` needs neither.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from payments.entrypoints.api import create_app
from payments.http.openapi import document_of
from tests.architecture.routes import SETTINGS

PYTHON: Final = ("openapi-python-client==0.29.1", "mypy==2.4.1", "ruff==0.17.6")
NPM: Final = ("openapi-typescript@7.13.0", "typescript@5.9.3")
OAPI_CODEGEN: Final = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
TIMEOUT_S: Final = 600
USE_TS: Final = """import type { paths } from "./schema";
type Body = paths["/v1/transfers"]["post"]["requestBody"]["content"]["application/json"];
export const body: Body = {
  source_wallet_id: 1, destination_wallet_id: 2, amount: "12.30", currency: "RUB", description: "",
};
"""
USE_GO: Final = """package main

func main() {
	_ = TransferBody{SourceWalletId: 1, DestinationWalletId: 2, Amount: "12.30", Currency: "RUB"}
}
"""
USE_PYTHON: Final = """from generated.models.transfer_body import TransferBody

body = TransferBody(
    source_wallet_id=1, destination_wallet_id=2, amount="12.30", currency="RUB"
)
"""


def run(folder: Path, *command: str, env: Mapping[str, str] | None = None) -> None:
    """Run it in a folder. Raises CalledProcessError when it fails."""
    subprocess.run(
        command, cwd=folder, check=True, timeout=TIMEOUT_S, env={**os.environ, **(env or {})}
    )


def build_python(folder: Path, document: Path) -> None:
    """openapi-python-client, checked by mypy; in an environment of its own."""
    tools = folder / "tools"
    run(folder, sys.executable, "-m", "venv", str(tools))
    bin_ = tools / "bin"
    run(folder, str(bin_ / "pip"), "install", "--quiet", *PYTHON)
    generate = ("generate", "--path", str(document), "--meta", "none")
    path = {"PATH": f"{bin_}:{os.environ['PATH']}"}
    command = str(bin_ / "openapi-python-client")
    run(folder, command, *generate, "--output-path", "generated", env=path)
    (folder / "use.py").write_text(USE_PYTHON)
    checked = ("use.py", "generated/api", "generated/models")
    run(folder, str(bin_ / "mypy"), "--follow-imports=silent", *checked)


def build_typescript(folder: Path, document: Path) -> None:
    """openapi-typescript, checked by tsc."""
    run(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", *NPM)
    run(folder, "npx", "--no-install", "openapi-typescript", str(document), "-o", "schema.d.ts")
    (folder / "use.ts").write_text(USE_TS)
    run(folder, "npx", "--no-install", "tsc", "--noEmit", "--strict", "use.ts")


def build_go(folder: Path, document: Path) -> None:
    """oapi-codegen, built by go."""
    generate = ("-generate", "types,client", "-package", "main", "-o", "client.gen.go")
    (folder / "go.mod").write_text("module client\n\ngo 1.24\n")
    run(folder, "go", "run", OAPI_CODEGEN, *generate, str(document))
    (folder / "main.go").write_text(USE_GO)
    run(folder, "go", "mod", "tidy")
    run(folder, "go", "build", "./...")


def main() -> None:
    """Build all three, or stop at the first that fails."""
    with tempfile.TemporaryDirectory() as root:
        document = Path(root) / "openapi.json"
        document.write_bytes(msgspec.json.encode(document_of(create_app(SETTINGS))))
        for build in (build_python, build_typescript, build_go):
            folder = Path(root) / build.__name__
            folder.mkdir()
            build(folder, document)
            sys.stdout.write(f"{build.__name__}: done\n")


if __name__ == "__main__":
    main()
