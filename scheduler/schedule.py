"""The timetable. A new job is a file in `jobs/` and a line here."""

from typing import Final

from scheduler.job import Job
from scheduler.jobs import (
    book_statement_lines,
    drive_callbacks,
    expire_confirmations,
    expire_holds,
    fetch_registries,
    fill_transactions,
    match_bank_payments,
    poll_deposits,
    poll_payouts,
    prune_deliveries,
    prune_events,
    prune_inboxes,
    prune_job_runs,
    run_checks,
    run_full_audit,
    watch_jobs,
    watch_money,
    watch_payouts,
    watch_registries,
    watch_statements,
    watch_streams,
)

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR

JOBS: Final[tuple[Job, ...]] = (
    Job(id="expire_holds", every_s=5, run=expire_holds.run),
    Job(id="expire_confirmations", every_s=15, run=expire_confirmations.run),
    Job(id="match_bank_payments", every_s=30, run=match_bank_payments.run),
    Job(id="book_statement_lines", every_s=30, run=book_statement_lines.run),
    Job(id="poll_payouts", every_s=2, run=poll_payouts.run),
    Job(id="poll_deposits", every_s=2, run=poll_deposits.run),
    Job(id="fetch_registries", every_s=_HOUR, run=fetch_registries.run),
    Job(id="fill_transactions", every_s=_MINUTE, run=fill_transactions.run),
    Job(id="drive_callbacks", every_s=5, run=drive_callbacks.run),
    Job(id="watch_payouts", every_s=30, run=watch_payouts.run, is_everywhere=True),
    Job(id="watch_money", every_s=30, run=watch_money.run, is_everywhere=True),
    Job(id="watch_registries", every_s=60, run=watch_registries.run, is_everywhere=True),
    Job(id="watch_statements", every_s=5 * _MINUTE, run=watch_statements.run, is_everywhere=True),
    Job(id="run_checks", every_s=3 * _MINUTE, run=run_checks.run, is_everywhere=True),
    Job(id="run_full_audit", every_s=_DAY, run=run_full_audit.run, timeout_s=2 * _HOUR),
    Job(id="watch_streams", every_s=10, run=watch_streams.run, is_everywhere=True),
    Job(id="prune_deliveries", every_s=_HOUR, run=prune_deliveries.run),
    Job(id="prune_events", every_s=_HOUR, run=prune_events.run),
    Job(id="prune_inboxes", every_s=_HOUR, run=prune_inboxes.run),
    Job(id="prune_job_runs", every_s=_HOUR, run=prune_job_runs.run),
)

WATCH: Final = Job(id="watch_jobs", every_s=15, run=watch_jobs.watching(JOBS), is_everywhere=True)
"""The dead man's switch: watches all other jobs."""
