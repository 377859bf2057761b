"""The order of commits of overlapping batches, without batches."""

import asyncio

import pytest

from streams.turns import OverturnedError, Turn


async def overturned(first: Turn) -> Turn:
    """A batch decided on what `first` left, which has then failed and run alone."""
    second = Turn(first)
    first.decided("what it leaves")
    assert await second.to_decide() == ["what it leaves"]
    await first.alone()
    first.end()
    with pytest.raises(OverturnedError):
        await second.to_commit()
    return second


async def test_what_was_decided_on_a_failed_batch_is_overturned_and_what_begins_later_is_not() -> (
    None
):
    """Else one failure would have each batch decided twice for as long as there is work."""
    second = await overturned(Turn())
    third = Turn(second)
    await second.alone()
    begins = asyncio.create_task(third.to_decide())
    await asyncio.sleep(0)
    assert not begins.done(), "what the second one leaves is not known yet"
    second.end()
    assert await begins == []
    await third.to_commit()
    third.committed()


async def test_a_batch_that_begins_before_the_failure_is_overturned_again() -> None:
    second = await overturned(Turn())
    second.decided("decided again")
    third = Turn(second)
    assert await third.to_decide() == ["decided again"]
    await second.alone()
    second.end()
    with pytest.raises(OverturnedError):
        await third.to_commit()


async def test_a_batch_is_decided_on_all_that_is_not_committed() -> None:
    first = Turn()
    second = Turn(first)
    third = Turn(second)
    first.decided("the first")
    second.decided("the second")
    assert await third.to_decide() == ["the first", "the second"]
    first.committed()
    assert await third.to_decide() == ["the second"]


async def test_what_a_failed_batch_overturns_goes_on_to_the_third() -> None:
    first = Turn()
    second = Turn(first)
    third = Turn(second)
    first.decided("x")
    second.decided("y")
    await first.alone()
    first.end()
    with pytest.raises(OverturnedError):
        await second.to_commit()
    waits = asyncio.create_task(third.to_commit())
    await asyncio.sleep(0)
    assert not waits.done()
    await second.alone()
    with pytest.raises(OverturnedError):
        await waits
