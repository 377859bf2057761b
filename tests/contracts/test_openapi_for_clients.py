"""Rules of the whole document that client generators depend on, whatever is added to it.

The clients themselves are generated and run by `make test-clients`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

import payments
from payments.entrypoints.api import create_app
from payments.http.auth import declared_routes
from payments.http.body import optional_minor_of
from payments.http.hot import methods_of
from payments.http.openapi import declared, document_of
from payments.http.paths import PARAMETER
from payments.http.problems import codes_of
from payments.kernel.errors import InvalidAmount
from payments.kernel.money import currency_of
from payments.surfaces.native.bodies import BULK_KINDS
from payments.surfaces.native.bulk_items import KINDS
from tests.architecture.routes import SETTINGS
from tests.contracts.openapi_walk import answers, every, operations, reachable, resolved, types_of

PYTHON_ONLY = re.compile(r"\\[AZz]|\(\?[P#aiLmsux<-]|[*+?}]\+")
"""What Python's patterns have and ECMAScript's do not, or read in another way."""
TEXT_OR_NUMBER = ["string", "number"]
ERRORS = {"Conflict", "NotFound", "InvalidRequest", "Unavailable", "PaymentsError", "InvalidBody"}
"""Those that are given a code where they are raised."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As it is served with the settings that everybody starts with."""
    served: dict[str, Any] = msgspec.json.decode(
        msgspec.json.encode(document_of(create_app(SETTINGS)))
    )
    return served


@pytest.mark.case("O1")
def test_the_document_is_valid_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    OpenAPIV31SpecValidator(document).validate()
    references = [found["$ref"] for _, found in every(document) if "$ref" in found]
    assert len(references) > 200
    for reference in references:
        assert resolved(document, reference), reference


@pytest.mark.case("O1")
@pytest.mark.parametrize(
    ("operation", "name", "word"),
    [
        ("GET /v1/deposits", "status", "credited"),
        ("GET /v1/payouts", "status", "needs_operator"),
        ("GET /v1/reconciliation/breaks", "state", "assigned"),
        ("GET /v1/reconciliation/breaks", "kind", "amount_mismatch"),
        ("GET /v1/reconciliation/callbacks", "state", "unmatched"),
    ],
)
def test_parameters_bring_their_components(
    document: dict[str, Any], operation: str, name: str, word: str
) -> None:
    parameters = operations(document)[operation]["parameters"]
    schema = next(p["schema"] for p in parameters if p["name"] == name)
    assert word in {w for _, found in reachable(document, schema) for w in found.get("enum", ())}


@pytest.mark.case("O2")
def test_amounts_of_requests_are_texts_first(document: dict[str, Any]) -> None:
    numbers = 0
    for name, operation in operations(document).items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for _, found in reachable(document, content["schema"]):
                for field, schema in found.get("properties", {}).items():
                    members = [schema, *schema.get("anyOf", ())]
                    if not any("number" in types_of(member) for member in members):
                        continue
                    assert [m["type"] for m in schema["anyOf"][:2]] == TEXT_OR_NUMBER, (name, field)
                    assert schema["anyOf"][1]["format"] == "double", (name, field)
                    numbers += isinstance(content["example"].get(field), int | float)
    assert numbers == 8, "a number is documented only where the example of a seed has one"


@pytest.mark.case("O3")
def test_patterns_are_those_of_ecmascript(document: dict[str, Any]) -> None:
    patterns = [f["pattern"] for _, f in every(document) if isinstance(f.get("pattern"), str)]
    assert len(patterns) > 20
    assert [p for p in patterns if PYTHON_ONLY.search(p)] == []


@pytest.mark.case("O4")
def test_every_post_that_reads_a_body_has_one(document: dict[str, Any]) -> None:
    upload = operations(document)["POST /v1/reconciliation/registries"]["requestBody"]
    assert set(upload["content"]) == {"application/json", "text/csv"}
    without = {
        name
        for name, operation in operations(document).items()
        if name.split()[0] in {"POST", "PUT", "PATCH"} and "requestBody" not in operation
    }
    assert without == set()


def test_a_body_that_is_a_file_is_binary(document: dict[str, Any]) -> None:
    content = operations(document)["POST /v1/statements"]["requestBody"]["content"]
    binary = {"type": "string", "format": "binary"}
    assert content["application/octet-stream"]["schema"] == binary


@pytest.mark.case("O5")
def test_answers_may_be_zero_or_below(document: dict[str, Any]) -> None:
    for place, found in answers(document):
        if "number" in types_of(found):
            assert not {"minimum", "exclusiveMinimum"} & found.keys(), place
    balance = document["components"]["schemas"]["OrganizationBalance"]["properties"]["balance"]
    assert balance["type"] == "number"
    assert balance["format"] == "double"


@pytest.mark.case("O6")
def test_objects_without_fields_say_that_they_take_anything(document: dict[str, Any]) -> None:
    for place, found in every(document["components"]["schemas"]):
        if "object" in types_of(found) and "properties" not in found:
            assert found.get("additionalProperties"), place


@pytest.mark.case("O7")
def test_enums_have_a_type(document: dict[str, Any]) -> None:
    enums = [(p, f) for p, f in every(document) if isinstance(f.get("enum"), list)]
    assert len(enums) > 50
    assert [place for place, found in enums if not types_of(found)] == []


@pytest.mark.case("O8")
def test_refusals_stand_under_their_status(document: dict[str, Any]) -> None:
    for path, handler in declared_routes(create_app(SETTINGS)):
        for refusal in declared(handler).refusals:
            shown, method = PARAMETER.sub(r"{\1}", path), methods_of(handler)[0].lower()
            operation = document["paths"][shown][method]
            response = operation["responses"][str(refusal.http_status)]
            examples = response["content"]["application/problem+json"]["examples"]
            assert examples[refusal.code]["value"]["status"] == refusal.http_status
    schemas = document["components"]["schemas"]
    for name in ("BreakResolved", "PayoutResolved"):
        assert {"proposal", "resolution"} <= set(schemas[name]["properties"])


@pytest.mark.case("O9")
def test_no_schema_is_called_after_a_module(document: dict[str, Any]) -> None:
    assert [name for name in document["components"]["schemas"] if not name.isalnum()] == []
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.case("O10")
def test_null_is_a_type_and_no_default_is_an_object(document: dict[str, Any]) -> None:
    for place, found in every(document):
        members = [m for m in found.get("anyOf", ()) if m != {"type": "null"}]
        if len(members) < len(found.get("anyOf", ())):
            assert len(members) > 1 or "$ref" in members[0], place
        if not place.endswith("/responses"):
            assert not isinstance(found.get("default"), dict | list), place


@pytest.mark.case("O11")
def test_words_times_and_ids_have_types(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    payout = schemas["PayoutView"]["properties"]
    for field in ("status", "certainty", "hold_state"):
        assert payout[field]["enum"], field
    for name, field in (
        ("OperationStanding", "status"),
        ("OperationStanding", "kind"),
        ("EntryView", "kind"),
        ("BreakView", "kind"),
        ("WalletView", "status"),
        ("DepositView", "status"),
        ("TransferCreated", "status"),
        ("Accepted", "status"),
        ("BulkItem", "status"),
        ("PaymentConfirmed", "status"),
    ):
        assert schemas[name]["properties"][field]["enum"], (name, field)
    for name, schema in schemas.items():
        for field, found in schema.get("properties", {}).items():
            if field.endswith("_at") and "string" in types_of(found):
                assert "pattern" in found or found["format"] == "date-time", (name, field)
            if field == "operation_id":
                assert found["format"] == "uuid", name
            if "integer" in types_of(found):
                assert found["format"] in {"int32", "int64"}, (name, field)


@pytest.mark.case("O11")
def test_every_operation_says_what_may_go_wrong(document: dict[str, Any]) -> None:
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["servers"]
    declared_tags = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for name, operation in operations(document).items():
        assert [s for s in operation["responses"] if s.startswith("4")], name
        assert set(operation["tags"]) <= declared_tags, name
        assert operation["operationId"], name


@pytest.mark.case("O11")
def test_every_code_that_the_source_names_is_listed(document: dict[str, Any]) -> None:
    listed = set(document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert listed == set(codes_of(create_app(SETTINGS)))
    unlisted = {code for code in _codes_in_source() if code not in listed}
    assert unlisted == set(), "name them in payments/http/problems.py"


def _codes_in_source() -> Iterator[str]:
    """Codes that errors are given where they are raised, but for those of the command line."""
    root = Path(payments.__file__).parent
    for path in root.rglob("*.py"):
        if path.is_relative_to(root / "entrypoints") or path.name == "dead_letters.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ERRORS:
                codes = [ast.unparse(k.value) for k in node.keywords if k.arg == "code"]
                yield from (ast.literal_eval(code) for code in codes if code.startswith("'"))


@pytest.mark.case("O12")
def test_items_of_a_bulk_are_typed(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    items = schemas["BulkBody"]["properties"]["operations"]["items"]
    mapping = items["discriminator"]["mapping"]
    assert {member["$ref"] for member in items["oneOf"]} == set(mapping.values())
    assert {name: kind.operation.kind for name, kind in KINDS.items()} == BULK_KINDS
    for name, kind in BULK_KINDS.items():
        assert mapping[name] == mapping[kind]
        item = resolved(document, mapping[name])
        assert item["properties"]["kind"]["enum"] == [name, kind]
    assert "hold_id" in resolved(document, mapping["capture"])["required"]


@pytest.mark.case("O12")
def test_null_is_taken_only_where_it_is_documented(document: dict[str, Any]) -> None:
    null, rouble = msgspec.Raw(b"null"), currency_of("RUB")
    schemas = document["components"]["schemas"]
    assert "null" in str(schemas["WalletBody"]["properties"]["amount"])
    assert optional_minor_of(null, rouble, zero_is_none=True) is None
    for name in ("ReversalBody", "CaptureBody"):
        assert "null" not in str(schemas[name]["properties"]["amount"])
    with pytest.raises(InvalidAmount) as refused:
        optional_minor_of(null, rouble)
    assert refused.value.errors[0]["field"] == "amount"
