"""The order of commits of overlapping batches, without batches."""

import asyncio

import pytest

from streams.turns import OverturnedError, Turn


def built(before: Turn | None, left: str) -> Turn:
    """A batch on top of another, decided and not committed."""
    turn = Turn(before)
    turn.loaded(left)
    turn.decided()
    return turn


async def overturned(first: Turn) -> Turn:
    """A batch decided on what `first` left, which has then failed and run alone."""
    second = Turn(first)
    first.loaded("what it leaves")
    first.decided()
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
    second.loaded("decided again")
    second.decided()
    third = Turn(second)
    assert await third.to_decide() == ["decided again"]
    await second.alone()
    second.end()
    with pytest.raises(OverturnedError):
        await third.to_commit()


async def test_a_batch_is_decided_on_all_that_is_not_committed() -> None:
    first = built(None, "the first")
    second = built(first, "the second")
    third = Turn(second)
    assert await third.to_decide() == ["the first", "the second"]
    first.committed()
    assert await Turn(second).to_decide() == ["the second"]


async def test_what_a_failed_batch_overturns_goes_on_to_the_third() -> None:
    first = built(None, "x")
    second = built(first, "y")
    third = Turn(second)
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


async def test_a_batch_is_loaded_while_the_one_before_is_decided() -> None:
    first = Turn()
    second = Turn(first)
    begins = asyncio.create_task(second.to_load())
    await asyncio.sleep(0)
    assert not begins.done(), "what the first one locks is not known yet"
    left = {"locked": "as it was"}
    first.loaded(left)
    assert await begins == [left]
    decides = asyncio.create_task(second.to_decide())
    await asyncio.sleep(0)
    assert not decides.done()
    left["locked"] = "as it becomes"
    first.decided()
    first.committed()
    first.end()
    assert await decides == [{"locked": "as it becomes"}]
    await second.to_commit()


@pytest.mark.parametrize("is_over", [False, True])
async def test_a_batch_that_is_loaded_lets_go_when_the_one_before_fails(*, is_over: bool) -> None:
    """The one before runs again alone and may need what it has locked."""
    first = Turn()
    second = Turn(first)
    first.loaded("x")
    assert await second.to_load() == ["x"]
    decides = asyncio.create_task(second.to_decide())
    await first.alone()
    if is_over:
        first.end()
    with pytest.raises(OverturnedError):
        await decides
