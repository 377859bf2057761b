"""The Russian assignment to SuperPay is whole and says what the English one and the code say."""

import re
from typing import Any, Final

import pytest

from payments_tools.simulator.errors import CODES
from payments_tools.simulator.faults import _MAGIC, Fault
from payments_tools.simulator.lifecycle import TRANSITIONS
from tests.contracts.superpay_documents import API, DOCS
from tests.contracts.test_superpay_vectors import CALLBACKS, REQUESTS

ENGLISH: Final = {
    name: (DOCS / f"{name}.md").read_text() for name in ("specification", "questions")
}
RUSSIAN: Final = {
    name: (DOCS / "ru" / f"{name}.md").read_text()
    for name in ("specification", "questions", "README")
}
SPECIFICATION: Final = RUSSIAN["specification"]


def sections(text: str) -> dict[str, str]:
    """Sections by their numbers (`10`, `10a`)."""
    parts = re.split(r"^#{2,3} (\d+a?)\.? ", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def words(text: str) -> set[str]:
    """Everything in backticks, without what only quotes a sentence."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", prose))


def numbers(text: str) -> set[str]:
    """Runs of digits: amounts, times, limits, section numbers."""
    return set(re.findall(r"\d+", text))


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of all tables."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith(("| ---", "| ---:"))
    ]


def names_of(schema: Any) -> set[str]:
    """Every field, and every value of an enumeration, below a place of openapi.yaml."""
    if isinstance(schema, list):
        return set().union(*map(names_of, schema))
    if not isinstance(schema, dict):
        return set()
    values = [*schema.get("enum", ()), schema.get("const")]
    own = {str(value) for value in values if value is not None}
    return own.union(schema.get("properties", {}), *map(names_of, schema.values()))


SCHEMAS: Final = API["components"]["schemas"]
NAMES: Final = sorted(names_of([SCHEMAS, API["webhooks"], API["paths"]]))


def test_the_walk_sees_the_schema() -> None:
    assert {"merchant_id", "paid_late", "payout.returned", "rate_limited", "KWD"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_field_status_and_code_of_openapi_is_in_the_russian_text(name: str) -> None:
    assert re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", SPECIFICATION)


@pytest.mark.parametrize("path", API["paths"])
def test_each_path_is_in_the_russian_text(path: str) -> None:
    assert path in SPECIFICATION


@pytest.mark.parametrize("number", sections(ENGLISH["specification"]))
def test_sections_say_the_same_words_and_numbers(number: str) -> None:
    ours, theirs = (sections(text)[number] for text in (SPECIFICATION, ENGLISH["specification"]))
    assert words(theirs) ^ words(ours) == set()
    assert numbers(theirs) ^ numbers(ours) == set()
    assert len(rows(theirs)) == len(rows(ours))
    assert len(ours) > 0.8 * len(theirs), "shortened"


def test_sections_are_the_same_and_in_order() -> None:
    assert list(sections(SPECIFICATION)) == list(sections(ENGLISH["specification"]))


def test_examples_are_the_same() -> None:
    examples = [re.findall(r"```json\n.*?```", text, re.DOTALL) for text in
                (SPECIFICATION, ENGLISH["specification"])]  # fmt: skip
    assert examples[0] == examples[1]
    assert len(examples[0]) > 5


@pytest.mark.parametrize("name", ["payout", "payout paid"])
def test_the_worked_examples_are_vectors(name: str) -> None:
    vector = (REQUESTS | CALLBACKS)[name]
    headers = vector["headers"]
    signature = headers.get("superpay-signature") or headers["webhook-signature"]
    first_line = vector["signed_content"].partition("\n")[0]
    pieces = [vector[piece] for piece in ("secret", "key_hex", "digest_hex", "body")]
    for piece in (*pieces, first_line, signature):
        assert piece in SPECIFICATION


@pytest.mark.parametrize("code", CODES)
def test_the_table_of_errors_is_the_simulator_s(code: str) -> None:
    [row] = [cells for cells in rows(SPECIFICATION) if cells[0] == f"`{code}`" and len(cells) == 6]
    entry = CODES[code]
    assert [cell.strip("*") for cell in row[1:4]] == [
        str(entry.status),
        str(entry.definitive).lower(),
        entry.money_moved,
    ]
    assert (row[4] == "да") == (code in RECORDED)


RECORDED: Final = set(SCHEMAS["Failure"]["oneOf"][1]["properties"]["code"]["enum"]) & set(CODES)


@pytest.mark.parametrize(
    ("kind", "number", "text"),
    [
        (kind, number, text)
        for kind, number in (("deposit", "8"), ("payout", "9"))
        for text in (SPECIFICATION, ENGLISH["specification"])
    ],
    ids=lambda one: one if len(one) < 10 else re.findall(r"^# (\w+)", one)[0],
)
def test_the_tables_of_statuses_are_the_simulator_s(kind: str, number: str, text: str) -> None:
    moves = {
        cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[-1]))
        for cells in rows(sections(text)[number])
        if cells[0].strip("`") in TRANSITIONS[kind]
    }
    assert moves == TRANSITIONS[kind]


def test_the_table_of_misbehaviours_is_the_simulator_s() -> None:
    numbered = {fault: f"{number:02d}" for number, fault in _MAGIC.items()}
    for fault in Fault:
        assert f"| {numbered.get(fault, 'none')} | `sim:{fault.value}` |" in SPECIFICATION


def questions(text: str) -> dict[str, list[str]]:
    """The rows of the questions by number."""
    return {cells[0]: cells[1:] for cells in rows(text) if cells[0].isdecimal()}


@pytest.mark.parametrize("number", questions(ENGLISH["questions"]))
def test_questions_say_the_same(number: str) -> None:
    ours, theirs = (
        questions(text)[number] for text in (RUSSIAN["questions"], ENGLISH["questions"])
    )
    assert len(ours) == len(theirs) == 3
    for cell, other in zip(ours, theirs, strict=True):
        assert cell
        assert words(cell) == words(other)
        assert numbers(cell) == numbers(other)
        assert re.findall(r"§\d+a?", cell) == re.findall(r"§\d+a?", other)


def test_no_question_is_missing() -> None:
    asked = list(questions(RUSSIAN["questions"]))
    assert asked == list(questions(ENGLISH["questions"])) == [str(n + 1) for n in range(len(asked))]
    assert f"{len(asked)} вопросов" in RUSSIAN["README"]


def test_the_table_of_changes_has_every_field_of_the_two_calls_of_today() -> None:
    table = {cells[0]: cells[1:] for cells in rows(RUSSIAN["README"])}
    today = set(SCHEMAS["DepositRequest"]["properties"]) | set(
        SCHEMAS["PayoutRequest"]["properties"]
    )
    listed = set().union(*(words(key) for key in table))
    assert today <= listed
    for key, cells in table.items():
        if words(key) & today:
            assert all(cells), key
            assert set(cells[-1].split(", ")) <= set(sections(SPECIFICATION)), key


def test_russian_is_russian() -> None:
    for name, text in RUSSIAN.items():
        prose = re.sub(r"```.*?```|`[^`]*`|\([^)]*\)", "", text, flags=re.DOTALL)
        for paragraph in re.split(r"\n\s*\n", prose):
            if len(re.findall(r"[A-Za-z]", paragraph)) > 60:
                assert re.search(r"[а-яё]", paragraph), f"{name}: {paragraph[:80]}"
