"""The timetable, without servers."""

from datetime import UTC, datetime

import pytest

from scheduler.heartbeat import Heartbeat
from scheduler.job import Job, Tools
from scheduler.schedule import JOBS, WATCH


async def nothing(_: Tools) -> int:
    return 0


@pytest.mark.parametrize(
    ("every_s", "slot"),
    [
        (5, datetime(2026, 11, 20, 10, 7, 35, tzinfo=UTC)),
        (60, datetime(2026, 11, 20, 10, 7, tzinfo=UTC)),
        (3600, datetime(2026, 11, 20, 10, tzinfo=UTC)),
        (86400, datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
def test_a_slot_is_the_same_for_every_replica(every_s: int, slot: datetime) -> None:
    job = Job(id="probe", every_s=every_s, run=nothing)
    assert job.slot(datetime(2026, 11, 20, 10, 7, 39, 999_999, tzinfo=UTC)) == slot
    assert job.slot(slot) == slot


def test_jobs_have_names_of_their_own() -> None:
    ids = [job.id for job in (*JOBS, WATCH)]
    assert len(set(ids)) == len(ids)
    same = Job(id="probe", every_s=1, run=nothing)
    with pytest.raises(ValueError, match="same id"):
        Heartbeat([same, same], None, "one")  # type: ignore[arg-type]


def test_a_job_is_named_as_its_file() -> None:
    for job in JOBS:
        assert job.run.__module__ == f"scheduler.jobs.{job.id}"
