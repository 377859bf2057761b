"""`payments statements …` as processes, with no API and no consumer beside them."""

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.statement_files import SAMPLES
from tests.flows.test_bank_command_line import Commands

CP1251 = str(SAMPLES / "1c-statement-cp1251.txt")
UTF8 = str(SAMPLES / "1c-statement-says-windows-is-utf8.txt")
DISAGREES = str(SAMPLES / "1c-statement-cp866-totals-disagree.txt")
SETTLEMENT = str(SAMPLES / "psp-settlement-cp1251.csv")


async def test_a_file_is_tried_checked_imported_and_known_again(
    database: str, redis_url: str
) -> None:
    commands = Commands(database, redis_url)
    checked = await commands.run("statements", "import", "--dry-run", CP1251)
    assert checked == "1c-statement-cp1251.txt: right; 5 lines, 5 of them new\n"
    said = await commands.run("statements", "import", CP1251, UTF8)
    assert "imported as statement" in said
    assert "opening 10000.00, closing 156251.50, received 146501.50, sent 250.00" in said
    assert "lines 5, new 5, matched 0, unmatched 4, fees 1, undecided 0" in said
    assert "lines 5, new 0, matched 0, unmatched 4, fees 1, undecided 0" in said
    again = await commands.run("statements", "import", CP1251)
    assert "was there already" in again
    await commands.run("statements", "import", DISAGREES, code=1)
    await assert_invariants(database, redis_url)


async def test_a_file_is_tried_without_any_server() -> None:
    commands = Commands("postgresql://nowhere.invalid/x", "redis://nowhere.invalid")
    said = await commands.run("statements", "try", SETTLEMENT, "--rows", "1")
    assert said.splitlines() == [
        "format csv:psp-settlement, account to be named by --account, RUB",
        "2026-11-26 to 2026-11-26, opening -, closing -",
        "4 lines, received 1350.11, sent 100.10, fees 47.26, not booked yet 0",
        "line 2: 2026-11-26          1250.00 payment, fee 43.75",
        "    time: 2026-11-25 21:12:03+00:00",
        "    reference: 1000001",
        "    bank's id: 2f1a0001-000f-5000-8000-000000000001",
        "… and 3 lines more",
    ]
    await commands.run("statements", "try", DISAGREES, code=1)
