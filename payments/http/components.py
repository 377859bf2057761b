"""JSON schemas of declared structs, in the dialect that client generators read.

msgspec writes correct JSON Schema; here it becomes what generators of Go, Java, TypeScript and
Python make usable types of. Every schema of the document goes through `for_clients`.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from payments.http.paths import UUIDS
from payments.kernel.words import KIND_OF_OPERATION

REF: Final = "#/components/schemas/{name}"
_NULL: Final = {"type": "null"}
_INT32_MAX: Final = 2**31 - 1
_UUID_FIELDS: Final = frozenset({*UUIDS, "run_id", "reversal_of", "reversed_by", "subject_id"})


class Components:
    """The schemas of all declared types; `named` are those that others refer to."""

    def __init__(self, types: Iterable[Any], queries: Iterable[type[msgspec.Struct]]) -> None:
        """`queries`: structs whose fields are parameters; what their fields refer to is kept."""
        types, queries = list(types), list(queries)
        schemas, named = msgspec.json.schema_components([*types, *queries], ref_template=REF)
        self._by_type = {
            id(t): for_clients(s) for t, s in zip([*types, *queries], schemas, strict=True)
        }
        self._queries = {
            id(q): for_clients(named.pop(_name_in(self._by_type[id(q)]))) for q in queries
        }
        self.named = {name: for_clients(schema) for name, schema in named.items()}

    def of(self, type_: Any) -> dict[str, Any]:
        """Schema of a declared type, usually a reference."""
        return self._by_type[id(type_)]

    def fields_of(self, query: type[msgspec.Struct]) -> Mapping[str, Any]:
        """The whole schema of a query string's struct."""
        return self._queries[id(query)]


def with_kinds(schema: dict[str, Any], kinds: Iterable[str]) -> dict[str, Any]:
    """The schema of a struct, its fields that are the kind of an operation listing them all."""
    properties = {
        name: _listing(field, kinds) if KIND_OF_OPERATION in field else field
        for name, field in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _listing(field: Mapping[str, Any], kinds: Iterable[str]) -> dict[str, Any]:
    marked = {name: value for name, value in field.items() if name != KIND_OF_OPERATION}
    return {**marked, "enum": list(kinds)}


def _name_in(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def for_clients(schema: Mapping[str, Any], field: str = "") -> dict[str, Any]:
    """The same schema as generators understand it. `field`: whose it is, by name."""
    result = _or_null(dict(schema))
    if "description" in result:
        result["description"] = inspect.cleandoc(result["description"])
    for name in ("anyOf", "oneOf"):
        if name in result:
            result[name] = [for_clients(member) for member in result[name]]
    for name in ("items", "additionalProperties"):
        if isinstance(result.get(name), dict):
            result[name] = for_clients(result[name])
    if "properties" in result:
        result["properties"] = {n: for_clients(s, n) for n, s in result["properties"].items()}
    if isinstance(result.get("default", 0), dict | list | tuple | None):
        del result["default"]  # a generator writes it into the source text of the client
    return _typed(result, field)


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """`anyOf: [X, null]` as `type: [X, "null"]`, where X is no reference."""
    members = [m for m in schema.get("anyOf", ()) if m != _NULL]
    if len(members) != 1 or len(schema["anyOf"]) == 1:
        return schema
    member = _with_type(dict(members[0]))
    if not isinstance(member.get("type"), str):
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if "enum" in member:
        member["enum"] = [*member["enum"], None]
    return {**member, **rest, "type": [member["type"], "null"]}


def _with_type(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema and "type" not in schema:
        is_number = all(isinstance(value, int) for value in schema["enum"])
        return {"type": "integer" if is_number else "string", **schema}
    return schema


def _typed(schema: dict[str, Any], field: str) -> dict[str, Any]:
    """Types of enums, widths of numbers, formats of texts, objects of anything."""
    result = _with_type(schema)
    types = result.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    if "pattern" in result:  # Python's `\Z` is ECMAScript's `$`
        result["pattern"] = result["pattern"].replace(r"\Z", "$")
    if "object" in types and "properties" not in result:
        anything = result.get("additionalProperties", {}) == {}
        result["additionalProperties"] = anything or result["additionalProperties"]
    if result.pop("contentEncoding", None):  # msgspec's word for bytes; here they are whole bodies
        result["format"] = "binary"
    format_ = _format(types, result, field)
    if format_ is not None:
        result.setdefault("format", format_)
    return result


def _format(types: set[str], schema: Mapping[str, Any], field: str) -> str | None:
    if "integer" in types:
        return "int64" if schema.get("maximum", _INT32_MAX + 1) > _INT32_MAX else "int32"
    if "number" in types:
        return "double"
    if "string" in types and not {"enum", "pattern"} & schema.keys():
        return _format_of_text(field)
    return None


def _format_of_text(field: str) -> str | None:
    """Times are called `…_at` everywhere, and ids after what they identify."""
    if field == "at" or field.endswith("_at"):
        return "date-time"
    return "uuid" if field in _UUID_FIELDS else None
