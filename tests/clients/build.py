"""Clients of four languages, generated from the OpenAPI document: each makes a transfer.

`make test-clients` starts the product on a free port and runs what stands in `programs/`: two
wallets and a transfer, with no line of HTTP written by hand. It needs npm, go, mvn and their
registries and takes two minutes, so neither `make test` nor `.ci/run` calls it.
`make test-clients CLIENTS="go java"` chooses.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from tests.clients.webhooks import write_programs
from tests.fixtures.running_up import ROOT, running_up

PROGRAMS: Final = Path(__file__).parent / "programs"
PYTHON: Final = ("openapi-python-client==0.29.1", "mypy==2.4.1", "ruff==0.17.6")
NPM: Final = (
    "openapi-typescript@7.13.0",
    "openapi-fetch@0.14.0",
    "typescript@5.9.3",
    "@types/node@20.19.0",
)
SVIX_PYTHON: Final = ("svix==2.9.1", "standardwebhooks==1.1.0")
SVIX_NPM: Final = ("svix@2.5.0", "standardwebhooks@1.1.0")
OAPI_CODEGEN: Final = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
TIMEOUT_S: Final = 600


class Product(NamedTuple):
    """The running product: its address, a key that may do everything, its OpenAPI document."""

    base: str
    key: str
    document: Path


def run(folder: Path, *command: str, env: Mapping[str, str] | None = None) -> None:
    """Run it in a folder. Raises CalledProcessError when it fails."""
    subprocess.run(
        command, cwd=folder, check=True, timeout=TIMEOUT_S, env={**os.environ, **(env or {})}
    )


def copy(name: str, folder: Path, *, to: str | None = None) -> None:
    """Put a program where its client is built."""
    (folder / (to or name)).write_text((PROGRAMS / name).read_text())


def python(folder: Path, product: Product) -> None:
    """openapi-python-client, checked by mypy; in an environment of its own."""
    tools = folder / "tools"
    run(folder, sys.executable, "-m", "venv", str(tools))
    bin_ = tools / "bin"
    run(folder, str(bin_ / "pip"), "install", "--quiet", *PYTHON)
    generate = ("generate", "--path", str(product.document), "--meta", "none")
    path = {"PATH": f"{bin_}:{os.environ['PATH']}"}
    command = str(bin_ / "openapi-python-client")
    run(folder, command, *generate, "--output-path", "generated", env=path)
    copy("transfer.py.txt", folder, to="transfer.py")
    checked = ("transfer.py", "generated/api", "generated/models")
    run(folder, str(bin_ / "mypy"), "--follow-imports=silent", *checked)
    run(folder, str(bin_ / "python"), "transfer.py", product.base, product.key)


def typescript(folder: Path, product: Product) -> None:
    """openapi-typescript, checked by tsc: openapi-fetch over it, and our own client."""
    run(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", *NPM)
    generate = ("openapi-typescript", str(product.document), "-o", "schema.d.ts")
    run(folder, "npx", "--no-install", *generate)
    copy("transfer.ts", folder)
    copy("handwritten.ts", folder)
    (folder / "client.ts").write_text((ROOT / "clients/typescript/client.ts").read_text())
    compiled = ("--strict", "--target", "es2022", "--module", "node16", "--skipLibCheck")
    programs = ("transfer", "handwritten")
    run(folder, "npx", "--no-install", "tsc", *compiled, *(f"{name}.ts" for name in programs))
    for name in programs:
        run(folder, "node", f"{name}.js", product.base, product.key)


def go(folder: Path, product: Product) -> None:
    """oapi-codegen, built by go."""
    generate = ("-generate", "types,client", "-package", "main", "-o", "client.gen.go")
    (folder / "go.mod").write_text("module client\n\ngo 1.24\n")
    run(folder, "go", "run", OAPI_CODEGEN, *generate, str(product.document))
    copy("main.go", folder)
    run(folder, "go", "mod", "tidy")
    run(folder, "go", "build", "-o", "transfer", ".")
    run(folder, "./transfer", product.base, product.key)


def java(folder: Path, product: Product) -> None:
    """openapi-generator over `java.net.http`, which asks for HTTP/2 with each first request."""
    sources = folder / "src/main/java"
    sources.mkdir(parents=True)
    copy("pom.xml", folder)
    copy("Transfer.java", sources)
    arguments = f"-Dexec.args={product.base} {product.key}"
    document = f"-Dopenapi={product.document}"
    run(folder, "mvn", "-q", "-B", document, arguments, "compile", "exec:java")


def webhooks(folder: Path, _product: Product) -> None:
    """How docs/events.md verifies, in Python and Node, and Svix's libraries of both."""
    tools = folder / "tools"
    run(folder, sys.executable, "-m", "venv", str(tools))
    run(folder, str(tools / "bin/pip"), "install", "--quiet", *SVIX_PYTHON)
    run(folder, "npm", "install", "--silent", "--no-audit", "--no-fund", *SVIX_NPM)
    write_programs(folder)
    run(folder, str(tools / "bin/python"), "verify.py")
    run(folder, "node", "verify.mjs")


CLIENTS: Final[dict[str, Callable[[Path, Product], None]]] = {
    "python": python,
    "typescript": typescript,
    "go": go,
    "java": java,
    "webhooks": webhooks,
}


def main(names: list[str]) -> None:
    """Build and run these clients (all when none is named), or stop at the first that fails."""
    with tempfile.TemporaryDirectory() as root, running_up(("--no-demo",)) as up:
        document = Path(root) / "openapi.json"
        document.write_bytes(httpx.get(f"{up.base}/schema/openapi.json").content)
        key = up.payments("keys", "create", "--name", "clients", "--scopes", "*")
        for name in names or list(CLIENTS):
            folder, began_s = Path(root) / name, time.monotonic()
            folder.mkdir()
            CLIENTS[name](folder, Product(up.base, key, document))
            sys.stdout.write(f"{name}: done in {time.monotonic() - began_s:.0f} s\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
