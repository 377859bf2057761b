"""A file to statements: which format it is, and its reader."""

from collections.abc import Callable, Mapping
from typing import Final

from payments.kernel.rows import Faults
from payments.statements import camt053, csv_rows, mt940, onec, settlement, superpay_json
from payments.statements.file import StatementFile, as_file
from payments.statements.line import InvalidStatement
from payments.statements.profiles import find_profile, profile_names
from payments.statements.statement import Statement

AUTO: Final = "auto"
CSV: Final = "csv:"
_READERS: Final[Mapping[str, Callable[[StatementFile], list[Statement]]]] = {
    "1c": onec.read,
    "camt053": camt053.read,
    "mt940": mt940.read,
}
FORMATS: Final = (AUTO, *_READERS, superpay_json.FORMAT)
"""With `csv:<profile>` these are the formats there are."""


class UnknownFormat(InvalidStatement):
    """The format is not one that can be read."""

    code = "unknown_format"


def format_of(source: StatementFile | bytes) -> str:
    """The format that the file's beginning shows; of CSV the one profile whose header it has.

    Raises 422 `unknown_format`.
    """
    file = as_file(source)
    if onec.is_onec(file):
        return "1c"
    if mt940.is_mt940(file):
        return "mt940"
    if camt053.is_camt053(file):
        return "camt053"
    if superpay_json.is_json(file):
        return superpay_json.FORMAT
    fitting = [name for name in profile_names() if csv_rows.has_header(file, find_profile(name))]
    if len(fitting) == 1:
        return f"{CSV}{fitting[0]}"
    known = ", ".join(f"{CSV}{name}" for name in fitting or profile_names())
    raise UnknownFormat(f"the file's beginning shows no format: name it, of CSV one of {known}")


def read_file(source: StatementFile | bytes, format_: str, account: str = "") -> list[Statement]:
    """Every statement of the file. Raises as `read_statement` does."""
    file = as_file(source)
    if file.is_blank():
        raise _one_fault("file", "no bytes", "a statement")
    word = format_of(file) if format_ == AUTO else format_
    if word.startswith(CSV):
        return settlement.read(file, find_profile(word.removeprefix(CSV)), account)
    if word == superpay_json.FORMAT:
        return superpay_json.read(file, account)
    if word not in _READERS:
        raise UnknownFormat(f"formats are {', '.join(FORMATS)} and csv:<profile>")
    return _READERS[word](file)


def read_statement(source: StatementFile | bytes, format_: str, account: str) -> Statement:
    """The statement of `account`; an empty one: the only account of the file.

    Raises 422 `invalid_statement`, `unknown_format`, `unknown_profile`.
    """
    statements = read_file(source, format_, account)
    if not account and not statements[0].account:
        raise _one_fault("account", "nothing", "the account, which the file does not name")
    named = [one for one in statements if account in {"", one.account}]
    if len(named) != 1:
        found = ", ".join(one.account for one in statements)
        expected = f"the account {account}" if account else "one account, or account= with one"
        raise _one_fault("account", found, expected)
    return named[0]


def _one_fault(field: str, found: str, expected: str) -> InvalidStatement:
    faults = Faults()
    faults.add(0, field, found, expected)
    try:
        faults.raise_as(InvalidStatement)
    except InvalidStatement as error:
        return error
    raise AssertionError("a fault was added")
