"""Texts that no bank writes are refused with their line, not by the database."""

import pytest

from payments.kernel.errors import InvalidBody
from payments.statements.limits import LONGEST
from payments.statements.read import read_file
from tests.fixtures.statement_files import sample

ONEC, CAMT = "1c-statement-says-windows-is-utf8.txt", "camt053-batch-reversal-fee.xml"
MT940, PSP = "mt940-two-pages-reversals.sta", "psp-settlement-utf8bom-semicolon.csv"

PLACES = [
    (ONEC, "Номер=328", "Номер=", 20, "number"),
    (ONEC, "Возврат займа", "", 0, "purpose"),
    (CAMT, "INV-1", "", 0, "reference"),
    (CAMT, "BATCH-1", "", 0, "number"),
    (MT940, ":86:Storno Automat 12", ":86:", 0, "purpose"),
    (PSP, "2f1a0001-000f-5000-8000-000000000001", "", 2, "bank_id"),
]


@pytest.mark.parametrize(("name", "old", "begins", "row", "field"), PLACES)
def test_a_text_that_is_too_long(name: str, old: str, begins: str, row: int, field: str) -> None:
    text = sample(name).decode("utf-8-sig")
    most = LONGEST[field]
    read_file(text.replace(old, begins + "9" * most, 1).encode(), "auto", "a")
    with pytest.raises(InvalidBody) as refused:
        read_file(text.replace(old, begins + "9" * (most + 1), 1).encode(), "auto", "a")
    found = [
        (fault["line"], fault["found"], fault["expected"])
        for fault in refused.value.errors
        if fault["field"] == field
    ]
    assert found, refused.value.errors
    assert found[0][1:] == (f"{most + 1} characters", f"at most {most}")
    assert found[0][0] == row or not row
