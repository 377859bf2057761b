"""How entries that wait become batches."""

import asyncio

import pytest

from streams import inbox
from streams.entry import Entry
from streams.inbox import Inbox


def entries(count: int) -> list[Entry]:
    return [Entry(0, f"{number}-0", b"x") for number in range(count)]


async def sizes(waiting: list[int]) -> list[int]:
    """Of batches, when so many more wait each time."""
    box, number, taken = Inbox(10_000), 0, []
    for count in waiting:
        await box.put([Entry(0, f"{number + n}-0", b"x") for n in range(count)])
        number += count
        taken.append(len(await box.take(1000, 0)))
    return taken


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([63, 1, 32, 32, 32], [32, 32, 32, 32, 32]),
        ([1, 15, 1, 8, 8], [1, 8, 8, 8, 8]),
        ([500, 400], [500, 400]),
        ([80, 1000], [41, 1000]),
    ],
    ids=["alone", "one and all others", "few", "many", "until there are many"],
)
async def test_what_waits_and_what_comes_back_are_made_even(
    waiting: list[int], taken: list[int]
) -> None:
    """Else a batch of all and a batch of one take turns: whoever is answered first comes back
    alone.
    """
    assert await sizes(waiting) == taken


async def test_nothing_is_left_behind() -> None:
    box = Inbox(10_000)
    await box.put(entries(inbox.EVEN_MAX - 1))
    taken = [await box.take(1000, 0) for _ in range(12)]
    assert sum(len(batch) for batch in taken) == inbox.EVEN_MAX - 1
    assert taken[-1] == []
    assert [e.stream_id for batch in taken for e in batch] == [
        e.stream_id for e in entries(inbox.EVEN_MAX - 1)
    ]


async def test_a_reader_pauses_until_it_is_asked_or_the_time_is_over() -> None:
    box = Inbox(10)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await box.asked(0.02)
    assert loop.time() - began >= 0.019
    pause = asyncio.create_task(box.asked(60))
    await asyncio.sleep(0)
    box.ask()
    await pause
    box.ask()
    await box.asked(60)  # asked for while it read
