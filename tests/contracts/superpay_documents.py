"""The documents of docs/superpay as the tests use them."""

import re
from pathlib import Path
from typing import Any, Final

import httpx
import jsonschema_rs
import yaml

DOCS: Final = Path(__file__).parents[2] / "docs" / "superpay"
API: Final[dict[str, Any]] = yaml.safe_load((DOCS / "openapi.yaml").read_text())


def schema(pointer: str) -> jsonschema_rs.Draft202012Validator:
    """A validator for one place of openapi.yaml (`#/components/schemas/Error`)."""
    return jsonschema_rs.Draft202012Validator({"components": API["components"], "$ref": pointer})


def check_documented(method: str, target: str, answer: httpx.Response) -> None:
    """The answer's status, type and body are in openapi.yaml."""
    path = re.sub(r"^/api/transactions/[^/?]+", "/api/transactions/{merchant_id}", target)
    operation = API["paths"].get(path.partition("?")[0], {}).get(method.lower())
    pointer = "#/components/schemas/Error"
    media = answer.headers["content-type"].partition(";")[0]
    if operation is not None and answer.is_success:
        content = operation["responses"][str(answer.status_code)]["content"]
        assert media in content
        pointer = content[media]["schema"].get("$ref", "")
    if media == "application/json":
        schema(pointer).validate(answer.json())
    else:
        assert (media, answer.status_code) == ("text/csv", 200)
