"""SuperPay's registry as JSON: the same lines as its CSV gives (`profiles/superpay.toml`)."""

from typing import Final

from payments.kernel.errors import InvalidBody
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement, Line
from payments.statements.lines import Lines
from payments.statements.profiles import find_profile
from payments.statements.settlement_day import Registry
from payments.statements.settlement_file import read_json
from payments.statements.statement import Statement
from payments.statements.superpay_csv import PROFILE

FORMAT: Final = "json:superpay"
FILE_MAX_BYTES: Final = 64 * 1024 * 1024
"""JSON is read whole: SuperPay's largest file is a tenth of this."""


def is_json(file: StatementFile) -> bool:
    """Whether the file begins as this format does."""
    return file.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def read(file: StatementFile, account: str) -> list[Statement]:
    """The registry as one statement of `account`, without balances. Raises 422."""
    if file.size > FILE_MAX_BYTES:
        raise InvalidStatement(f"a registry of more than {FILE_MAX_BYTES} bytes: send it as CSV")
    try:
        registry = read_json(b"".join(file.chunks()), may_be_empty=False)
    except InvalidBody as error:
        raise InvalidStatement(error.detail, errors=error.errors) from None
    currencies = sorted({line.currency for line in registry.lines})
    if len(currencies) > 1:
        raise InvalidStatement(f"currency: found {', '.join(currencies)}, expected one in a file")
    statement = Statement(
        account=account,
        currency=currencies[0],
        begins=registry.day,
        ends=registry.day,
        opening_minor=None,
        closing_minor=None,
        lines=Lines(line for line in _lines(registry) if line.minor),
        made=None if registry.is_closed else registry.generated_at.date(),
    )
    return [statement]


def _lines(registry: Registry) -> list[Line]:
    """Lines that moved money, with the signs that the profile of the CSV has."""
    profile = find_profile(PROFILE)
    return [
        Line(
            row=row,
            posted=one.operated_at.date(),
            minor=profile.signs[one.kind] * profile.statuses[one.status] * one.minor,
            kind=profile.kinds[one.kind],
            number=one.transaction_id,
            reference=str(one.merchant_id),
            bank_id=one.line_id,
            operated_at=one.operated_at,
        )
        for row, one in enumerate(registry.lines, 1)
    ]
