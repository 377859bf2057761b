"""What importing a statement costs: reading, keeping, booking and matching, and the memory."""

import asyncio
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from time import process_time
from typing import Final
from uuid import UUID

from payments.bankpayments.meeting import MOSCOW
from payments.bankpayments.receive import ReceiveBankPayment, request_of
from payments.bankpayments.writes import add_organization
from payments.embedded.servers import Servers
from payments.entrypoints.deciding import deciding
from payments.entrypoints.settings import Secret, Settings
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect
from payments.operations.submit import Submitter, Ticket
from payments.statements.booking import BATCH
from payments.statements.file import StatementFile
from payments.statements.load import load_file
from payments_tools.bench.cpu import cpu_seconds
from payments_tools.bench.report import Figure, Report, machine, server_settings

Say = Callable[[str], None]
_ACCOUNT: Final = "40702810900000000017"
_OTHER: Final = "40702810100000000001"
_ORGANIZATIONS: Final = 1000
_BEGINS: Final = date(2026, 1, 1)
_DAYS: Final = 30
_TOLD_OF: Final = 4
"""A webhook told of every fourth line."""
_WAIT_S: Final = 60.0


async def run(servers: Servers, *, lines: int, say: Say) -> Report:
    """Import one 1C file of so many credits, of known and unknown payers; webhooks told of every
    fourth before.
    """
    settings = Settings(
        database_url=Secret(servers.database_url), redis_url=Secret(servers.redis_url)
    )
    marks = {}

    def hear(done: str, count: int) -> None:
        marks[done] = monotonic_s()
        say(f"{done}: {count:,} lines after {marks[done] - marks['begun']:.1f} s")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statement.txt"
        say(f"writing a file of {lines:,} lines")
        await asyncio.to_thread(write_statement, path, lines)
        size = path.stat().st_size
        async with deciding(settings) as (engine, submitter):
            for number in range(_ORGANIZATIONS):
                await add_organization(engine, utc_now, inn=_inn(number), name=f"bench {number}")
            say(f"{lines // _TOLD_OF:,} webhooks come first")
            await tell(submitter, lines)
            before_mb, marks["begun"] = _peak_mb(), monotonic_s()
            used = _cpu(servers)
            await load_file(
                engine,
                submitter,
                StatementFile(path),
                format_="1c",
                account=_ACCOUNT,
                by="bench",
                now=utc_now(),
                wait_s=_WAIT_S,
                progress=hear,
            )
            marks["followed"] = monotonic_s()
            cpu = {name: spent - used[name] for name, spent in _cpu(servers).items()}
    connection = await connect(servers.database_url)
    server = await server_settings(connection)
    booked = await connection.fetchval("SELECT count(*) FROM statement_lines WHERE state <> 'new'")
    met = await connection.fetchval("SELECT count(*) FROM statement_lines WHERE state = 'matched'")
    await connection.close()
    if (booked, met) != (lines, len(range(0, lines, _TOLD_OF))):
        raise AssertionError(f"{booked} of {lines} lines are booked, {met} meet their webhook")
    return Report(
        title="statements: one file imported",
        command=f"payments bench statements --lines {lines}",
        machine=machine(),
        settings=server,
        figures=_figures(lines, marks),
        extra={
            "file": f"{size / 1e6:.0f} MB",
            **{f"CPU of {name}": f"{s / lines * 1e6:.0f} µs a line" for name, s in cpu.items()},
            "memory before": f"{before_mb:.0f} MB",
            "memory at its peak": f"{_peak_mb():.0f} MB, importer and consumer in one process",
        },
    )


async def tell(submitter: Submitter, lines: int) -> None:
    """Webhooks of every fourth line."""
    for first in range(0, lines, BATCH * _TOLD_OF):
        numbers = range(first, min(first + BATCH * _TOLD_OF, lines), _TOLD_OF)
        requests = [request_of(_webhook(number, lines)) for number in numbers]
        for answer in await submitter.many(requests, _WAIT_S):
            if not isinstance(answer, Ticket):
                raise answer


def _webhook(number: int, lines: int) -> ReceiveBankPayment:
    day = _BEGINS + timedelta(number * _DAYS // lines)
    return ReceiveBankPayment(
        bank_operation_id=UUID(int=number + 1),
        payer_inn=_inn(number % (2 * _ORGANIZATIONS)),
        minor=_minor(number),
        document_number=str(number),
        document_date=datetime.combine(day, time(), MOSCOW),
    )


def write_statement(path: Path, lines: int) -> None:
    """A 1C file of thirty days: credits of `lines` payers' documents."""
    days = [(_BEGINS + timedelta(n)).strftime("%d.%m.%Y") for n in range(_DAYS)]
    total = sum(_minor(number) for number in range(lines))
    head = (
        "1CClientBankExchange\r\nВерсияФормата=1.03\r\nКодировка=Windows\r\n"
        f"СекцияРасчСчет\r\nДатаНачала={days[0]}\r\nДатаКонца={days[-1]}\r\nРасчСчет={_ACCOUNT}\r\n"
        f"НачальныйОстаток=0.00\r\nВсегоПоступило={_roubles(total)}\r\nВсегоСписано=0.00\r\n"
        f"КонечныйОстаток={_roubles(total)}\r\nКонецРасчСчет\r\n"
    )
    with path.open("w", encoding="cp1251", newline="") as file:
        file.write(head)
        for number in range(lines):
            file.write(_document(number, days[number * _DAYS // lines]))
        file.write("КонецФайла\r\n")


def _document(number: int, day: str) -> str:
    return (
        f"СекцияДокумент=Платежное поручение\r\nНомер={number}\r\nДата={day}\r\n"
        f"Сумма={_roubles(_minor(number))}\r\nДатаПоступило={day}\r\nПлательщикСчет={_OTHER}\r\n"
        f"ПлательщикИНН={_inn(number % (2 * _ORGANIZATIONS))}\r\nПолучательСчет={_ACCOUNT}\r\n"
        f"НазначениеПлатежа=Оплата по счету {number}\r\nКонецДокумента\r\n"
    )


def _inn(number: int) -> str:
    return f"77{number:08}"


def _minor(number: int) -> int:
    return 100 + number % 900


def _roubles(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def _figures(lines: int, marks: dict[str, float]) -> list[Figure]:
    steps = (("read", "begun"), ("kept", "read"), ("booked", "kept"), ("followed", "begun"))
    names = {"followed": "the whole import"}
    return [
        Figure(
            name=names.get(step, step),
            per_second=lines / (marks[step] - marks[after]),
            note=f"{marks[step] - marks[after]:.1f} s",
        )
        for step, after in steps
    ]


def _cpu(servers: Servers) -> dict[str, float]:
    """Seconds of this process, importer and consumer, and of the servers."""
    named = (("redis", servers.redis), ("postgres", servers.postgres))
    children = cpu_seconds({name: child.pid for name, child in named if child is not None})
    return {"importer and consumer": process_time(), **children}


def _peak_mb() -> float:
    """The most memory this process has had, in megabytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
