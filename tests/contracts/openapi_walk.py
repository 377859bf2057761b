"""Ways through an OpenAPI document, for the tests of what it says."""

from collections.abc import Iterator
from typing import Any

METHODS = {"get", "post", "put", "patch", "delete"}


def every(node: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of the document with its place, but nothing of examples."""
    if isinstance(node, dict):
        yield place, node
        for name, value in node.items():
            if name not in {"example", "examples"}:
                yield from every(value, f"{place}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from every(value, f"{place}/{index}")


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each operation by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def resolved(document: dict[str, Any], reference: str) -> Any:
    """What a reference leads to. Raises KeyError when it leads nowhere."""
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def reachable(document: dict[str, Any], node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object below a node, through references."""
    seen: set[str] = set()
    waiting = [node]
    while waiting:
        for place, found in every(waiting.pop()):
            yield place, found
            reference = found.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                waiting.append(resolved(document, reference))


def answers(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object of what is answered."""
    for operation in operations(document).values():
        yield from reachable(document, operation["responses"])


def types_of(schema: dict[str, Any]) -> set[str]:
    """The types a schema allows by itself."""
    types = schema.get("type", [])
    return {types} if isinstance(types, str) else set(types)
