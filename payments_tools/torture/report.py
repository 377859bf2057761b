"""The report of a run, for people and as JSON."""

from typing import Any, Final

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from payments_tools.torture.run import Result

_LISTED_MAX: Final = 20


def as_document(result: Result) -> dict[str, Any]:
    """Everything, as JSON has it."""
    reckoning, provider = result.reckoning, result.provider
    return {
        "seed": result.seed,
        "clean": result.is_clean,
        "load": {
            "seconds": round(result.load_s, 1),
            "requests": result.requests,
            "requests_per_s": round(result.requests / max(result.load_s, 0.001), 1),
            "answers": dict(sorted(result.answers.items())),
            "operations": dict(result.calls),
        },
        "faults": dict(sorted(result.faults.items())),
        "roles_that_ended_by_themselves": result.died,
        "trouble": result.trouble,
        "operations": {
            name: reckoning.counts[name] for name in ("accepted", "applied", "rejected")
        },
        "refusals_judged": reckoning.counts["refusals judged"],
        "answers_compared": reckoning.counts["answers compared"],
        "parked": reckoning.parked,
        "lost": reckoning.lost,
        "doubled": reckoning.doubled,
        "wrong": reckoning.wrong,
        "undecided": reckoning.undecided,
        "provider": {
            "payouts": provider.payouts,
            "paid_minor": provider.paid_minor,
            "settled_minor": provider.settled_minor,
            "paid_and_open_here_minor": provider.open_minor,
            "received_minor": provider.received_minor,
            "credited_minor": provider.credited_minor,
            "wrong": provider.wrong,
            "unfinished": result.unfinished,
        },
        "events": {
            "written": result.events.written,
            "deliveries_taken": result.events.deliveries,
            "misdeeds_of_the_receiver": dict(sorted(result.events.misdeeds.items())),
            "missing": result.events.missing,
            "wrong": result.events.wrong,
        },
        "invariants": {
            f.check.name: [f"{b.subject}: {b.detail}" for b in f.breaches] for f in result.findings
        },
    }


def show_json(result: Result) -> None:
    """To stdout, indented."""
    print(msgspec.json.format(msgspec.json.encode(as_document(result)), indent=2).decode())  # noqa: T201 - the product of the command


def show(result: Result, console: Console) -> None:
    """For a person."""
    document = as_document(result)
    for table in (_load(document), _faults(document), _books(result), _invariants(result)):
        console.print(table)
    for name, listed in _breaches(result).items():
        console.print(f"\n{name}:", style="bold red")
        for line in listed[:_LISTED_MAX]:
            console.print(f"  {line}", markup=False)
        if len(listed) > _LISTED_MAX:
            console.print(f"  … and {len(listed) - _LISTED_MAX} more")
    word = "[bold green]every promise held[/]" if result.is_clean else "[bold red]BROKEN[/]"
    console.print(f"\n{word}; again with: payments torture --seed {result.seed}")


def _load(document: dict[str, Any]) -> Table:
    load = document["load"]
    table = Table("load", "", title=f"seed {document['seed']}", title_justify="left")
    table.add_row(
        "requests", f"{load['requests']} in {load['seconds']} s: {load['requests_per_s']}/s"
    )
    table.add_row("answers by status", ", ".join(f"{k}: {v}" for k, v in load["answers"].items()))
    table.add_row(
        "operations wanted", ", ".join(f"{k}: {v}" for k, v in load["operations"].items())
    )
    return table


def _faults(document: dict[str, Any]) -> Table:
    table = Table("fault", "times")
    for kind, count in document["faults"].items():
        table.add_row(kind, str(count))
    return table


def _books(result: Result) -> Table:
    found, provider = result.reckoning, result.provider
    table = Table("reckoning", "")
    for name, word in (("accepted", "accepted"), ("applied", "applied"), ("rejected", "refused")):
        table.add_row(word, str(found.counts[name]))
    table.add_row("refusals judged", str(found.counts["refusals judged"]))
    table.add_row("answers compared with the ledger", str(found.counts["answers compared"]))
    table.add_row("parked", str(len(found.parked)))
    table.add_row("lost", str(len(found.lost)))
    table.add_row("doubled", str(len(found.doubled)))
    table.add_row("other than the journal says", str(len(found.wrong)))
    table.add_row("without a clear answer at the end", str(len(found.undecided)))
    table.add_row("accounts compared with the journal", str(found.counts["accounts"]))
    table.add_row("payouts", ", ".join(f"{k}: {v}" for k, v in sorted(provider.payouts.items())))
    table.add_row(
        "provider paid, we settled", f"{provider.paid_minor}, {provider.settled_minor} kopecks"
    )
    table.add_row(
        "of the rest, paid and still open here",
        ", ".join(f"{state}: {minor}" for state, minor in sorted(provider.open_minor.items()))
        or "nothing",
    )
    table.add_row(
        "provider received, we took in",
        f"{provider.received_minor}, {provider.credited_minor} kopecks",
    )
    table.add_row("differences with the provider", str(len(provider.wrong)))
    events = result.events
    table.add_row("events, deliveries taken", f"{events.written}, {events.deliveries}")
    misdeeds = ", ".join(f"{k}: {v}" for k, v in sorted(events.misdeeds.items()))
    table.add_row("the receiver", misdeeds or "did nothing wrong")
    table.add_row("events that are missing", str(len(events.missing)))
    return table


def _invariants(result: Result) -> Table:
    table = Table("invariant", "")
    for finding in result.findings:
        word = "broken" if finding.is_broken else "look" if finding.breaches else "holds"
        listed = "".join(f"\n{b.subject}: {b.detail}" for b in finding.breaches)
        table.add_row(finding.check.name, escape(word + listed))
    return table


def _breaches(result: Result) -> dict[str, list[str]]:
    found = result.reckoning
    every = {
        "lost": found.lost,
        "doubled": found.doubled,
        "other than the journal says": found.wrong,
        "without a clear answer": found.undecided,
        "parked": found.parked,
        "differs from the provider": result.provider.wrong,
        "events that are missing": result.events.missing,
        "what is wrong with events": result.events.wrong,
        "what should have ended and did not": result.unfinished,
        "the run itself": result.trouble,
        "roles that ended by themselves (started again)": result.died,
    }
    return {name: listed for name, listed in every.items() if listed}
