"""The outside of the application in one text: each path, method and answer that is declared.

`python -m tests.architecture.routes` renews `routes.txt`; what clients see is read in its diff.
"""

from pathlib import Path

from payments.entrypoints.api import create_app
from payments.entrypoints.settings import Secret, Settings
from payments.http.openapi import document_of

PATH = Path(__file__).with_name("routes.txt")
SETTINGS = Settings(
    database_url=Secret("postgresql://nobody@127.0.0.1/none"),
    redis_url=Secret("redis://127.0.0.1/0"),
)


def routes() -> str:
    """A line a route: path, method, answers, body, parameters, what opens it."""
    document = document_of(create_app(SETTINGS))
    lines = []
    for path, methods in sorted(document["paths"].items()):
        for method, operation in sorted(methods.items()):
            body = operation.get("requestBody", {}).get("content", {})
            schemas = [c["schema"].get("$ref", "").rpartition("/")[2] for c in body.values()]
            parameters = sorted(p["name"] for p in operation.get("parameters", ()))
            keys = sorted(k for one in operation.get("security", ()) for k in one)
            parts = (
                f"{method.upper()} {path}",
                ",".join(sorted(operation["responses"])),
                " ".join(f"body={s or 'any'}" for s in schemas),
                f"parameters={','.join(parameters)}" if parameters else "",
                f"opened by={','.join(keys)}" if keys else "",
            )
            lines.append("  ".join(part for part in parts if part))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(routes(), encoding="utf-8")
