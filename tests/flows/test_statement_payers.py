"""Credits without an INN, with `0` or an unknown one: suspense, with what says whose they are."""

import httpx
import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import onec

Payer = tuple[str, str, str, str]
"""INN, name, purpose, amount."""

MT940_FILE = """\
:20:SYN1
:25:40702810900000000017
:28C:1/1
:60F:C261126RUB0,00
:61:2611261126C10,00NTRFNONREF//A1
:86:?20Loan of a person?32IVANOV IVAN
:61:2611261126C20,00NTRFNONREF//A2
:86:no subfields at all
:61:2611261126C30,00NTRFNONREF//A3
:62F:C261126RUB60,00
-
"""
CAMT_ENTRY = """\
<Ntry><Amt Ccy="RUB">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2026-11-26</Dt></BookgDt><AcctSvcrRef>R{amount}</AcctSvcrRef>
<NtryDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>{name}</Nm>{id}</Pty></Dbtr></RltdPties>
<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""
CAMT_FILE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Acct><Id><Othr><Id>40702810900000000017</Id></Othr></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="RUB">0.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-26</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="RUB">60.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-26</Dt></Dt></Bal>
{entries}</Stmt></BkToCstmrStmt></Document>
"""
PEOPLE: list[Payer] = [
    ("", "Ivanov Ivan", "loan", "10.00"),
    ("0", "Petrov Petr", "gift", "20.00"),
    ("7707083893", "Unknown LLC", "invoice 5", "30.00"),
]


def camt() -> bytes:
    """An entry of each payer."""
    ids = [
        f"<Id><OrgId><Othr><Id>{inn}</Id></Othr></OrgId></Id>" if inn else "" for inn, *_ in PEOPLE
    ]
    entries = [
        CAMT_ENTRY.format(amount=amount, name=name, purpose=purpose, id=id_)
        for (_, name, purpose, amount), id_ in zip(PEOPLE, ids, strict=True)
    ]
    return CAMT_FILE.format(entries="".join(entries)).encode()


def of_1c() -> bytes:
    """A document of each payer; the first has no INN at all."""
    rows = [(str(n), int(float(a) * 100), inn, p) for n, (inn, _, p, a) in enumerate(PEOPLE, 1)]
    text = onec(rows, opening=0, encoding="utf-8").decode()
    for inn, name, _, _ in PEOPLE:
        line = f"ПлательщикИНН={inn}\r\n"
        text = text.replace(line, f"{line if inn else ''}Плательщик={name}\r\n", 1)
    return text.encode()


NOBODY = [("0", name, purpose, amount) if not inn else (inn, name, purpose, amount)
          for inn, name, purpose, amount in PEOPLE]  # fmt: skip
MT940_PAYERS = [
    ("0", "IVANOV IVAN", "Loan of a person", "10.00"),
    ("0", "", "no subfields at all", "20.00"),
    ("0", "", "", "30.00"),
]


@pytest.mark.parametrize(
    ("raw", "payers"),
    [(MT940_FILE.encode(), MT940_PAYERS), (camt(), NOBODY), (of_1c(), NOBODY)],
    ids=["mt940", "camt053", "1c"],
)
async def test_a_payer_that_nobody_knows_waits_in_suspense_with_name_and_purpose(
    client: httpx.AsyncClient, platform: Platform, raw: bytes, payers: list[Payer]
) -> None:
    key = await api_key(platform)
    answer = await client.post("/v1/statements", content=raw, headers=key)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["unmatched"], answer.json()["breaks"]) == (3, 3)
    listed = await client.get("/v1/bank-payments?state=unmatched", headers=key)
    waiting = [
        (p["payer_inn"], p["payer"], p["purpose"], p["amount"]) for p in listed.json()["items"]
    ]
    assert sorted(waiting) == sorted(payers)
    nobodys = await client.get("/v1/bank-payments?state=unmatched&inn=0", headers=key)
    assert len(nobodys.json()["items"]) == [inn for inn, *_ in payers].count("0")
    open_ = await client.get("/v1/reconciliation/breaks?state=open", headers=key)
    told = [(b["details"]["theirs"], b["money_at_risk"]) for b in open_.json()["items"]]
    assert sorted((t["inn"], t["payer"], t["purpose"], m) for t, m in told) == sorted(payers)
    suspense = "SELECT credits_posted - debits_posted FROM accounts WHERE code = 'suspense:RUB'"
    assert await platform.value(suspense) == 6000
    await assert_invariants(platform.database_url, platform.redis_url)
