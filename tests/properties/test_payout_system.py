"""Random stories of payouts in the real system: the promises about money hold in all of them."""

import asyncio
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from payments.kernel.database import with_database
from payments.kernel.ids import new_id
from tests.properties.payout_executor import DEATHS, PAUSES
from tests.properties.payout_promises import alarm_is_right, ending, promises
from tests.properties.payout_story import PLANS, Story
from tests.properties.payout_system import patched

Step = tuple[Any, ...]

NUMBER = st.integers(0, 2)
PLAN = st.fixed_dictionaries({kind: st.sampled_from(plans) for kind, plans in PLANS.items()})
FATE = st.sampled_from(("",) * 6 + (*DEATHS, PAUSES))
HOW = st.sampled_from(("once", "once", "kept", "old", "forged"))
STATUS = st.sampled_from(("processing", "paid", "paid", "failed", "canceled", "returned"))
ARGUMENTS: dict[str, tuple[st.SearchStrategy[Any], ...]] = {
    "effect": (NUMBER, PLAN, FATE),
    "due": (),
    "callback": (st.integers(0, 5), HOW),
    "advance": (NUMBER, STATUS),
    "jump": (st.sampled_from((-3600, 25, 150, 400, 1300, 90_000)),),
    "arrive": (NUMBER,),
    "resume": (NUMBER,),
    "request": (),
    "cancel": (NUMBER,),
    "resolve": (NUMBER,),
    "inbox": (),
    "reconcile": (),
    "switch": (st.booleans(),),
    "skew": (st.sampled_from((-400, 0, 0, 400)),),
    "lose": (NUMBER,),
    "lie": (NUMBER, STATUS),
}
HONEST = (
    *("effect",) * 10, *("due",) * 6, *("callback",) * 3, *("advance",) * 4, *("jump",) * 2,
    *("arrive",) * 2, *("resume",) * 2,
    "request", "cancel", "resolve", "inbox", "reconcile", "switch", "skew", "lose", "lose",
)  # fmt: skip
"""Steps by how often they come: a choice among strategies alone would weigh each the same."""
LYING = (*HONEST, "lie", "lie")


@st.composite
def steps(draw: st.DrawFn, names: tuple[str, ...]) -> Step:
    """A step of one of these names."""
    name = draw(st.sampled_from(names))
    return (name, *(draw(argument) for argument in ARGUMENTS[name]))


def stories(names: tuple[str, ...]) -> st.SearchStrategy[list[Step]]:
    """Long enough to get into trouble and out of it again."""
    return st.lists(steps(names), min_size=15, max_size=40)


STORIES = st.one_of(stories(HONEST), stories(LYING))


async def take(system: Story, step: Step) -> None:
    """One step of a story."""
    name, *arguments = step
    if name == "due":
        await system.jump(1300)
        name = "poll"
    await getattr(system, name)(*arguments)
    await system.quiet()
    await promises(system)
    if name == "poll":
        await alarm_is_right(system)


async def tell(system: Story, story: list[Step]) -> None:
    """The whole story, and how it ends."""
    await system.begin()
    for step in story:
        await take(system, step)
    await system.heal()
    await promises(system)
    await ending(system)


class Stage:
    """A system for all stories; a new one after a story that ended badly."""

    def __init__(self, postgres_url: str, redis_url: str, template: str) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url
        self._template = template
        self._patch = pytest.MonkeyPatch()
        self._database = ""
        self._system: Story | None = None
        self._runner = asyncio.Runner()

    def play(self, story: list[Step]) -> None:
        """Tell it. Raises what it breaks."""
        if self._system is None:
            self._system = self._runner.run(self._build())
        try:
            self._runner.run(tell(self._system, story))
        except BaseException as error:
            error.add_note(f"the story: {story}")
            self._runner.run(self._clear())
            raise

    def close(self) -> None:
        """Nothing is left."""
        self._runner.run(self._clear())
        self._runner.close()

    async def _build(self) -> Story:
        self._database = f"payouts_{new_id().hex}"
        await self._administer(f"CREATE DATABASE {self._database} TEMPLATE {self._template}")
        system = Story(with_database(self._postgres_url, self._database), self._redis_url)
        patched(self._patch, system.clock)
        await system.start()
        return system

    async def _clear(self) -> None:
        if self._system is not None:
            await self._system.stop()
            self._system = None
            self._patch.undo()
            await self._administer(f"DROP DATABASE {self._database} WITH (FORCE)")

    async def _administer(self, statement: str) -> None:
        administrator = await asyncpg.connect(self._postgres_url)
        await administrator.execute(statement)
        await administrator.close()


@pytest.fixture
def stage(postgres_server: str, redis_server: str, template_database: str) -> Iterator[Stage]:
    """Where stories are told."""
    made = Stage(postgres_server, redis_server, template_database)
    yield made
    made.close()


TIMED_OUT: list[Step] = [
    ("send", "silent"),
    ("cancel", 0),
    ("advance", 0, "paid"),
    ("callback", 0, "once"),
]
OVERTAKEN: list[Step] = [
    ("send", "ok"),
    ("advance", 0, "processing"),
    ("advance", 0, "paid"),
    ("callback", 1, "kept"),
    ("callback", 0, "once"),
    ("callback", 0, "kept"),
    ("advance", 0, "returned"),
    ("callback", 1, "once"),
    ("callback", 0, "kept"),
]
"""The newest event comes first, then the ones before it."""
TURNED_AWAY_AFTER_DOUBT: list[Step] = [
    ("send", "cut"),
    ("due",),
    ("send", "not_found"),
    ("due",),
    ("send", "busy"),
    ("cancel", 0),
    ("advance", 0, "paid"),
]
"""The first send was executed; that a later one was not says nothing of it."""
SENT_AGAIN: list[Step] = [
    ("send", "lost"),
    ("due",),
    ("send", "invalid"),
    ("due",),
    ("send", "not_found"),
    ("due",),
    ("send", "cut"),
    ("due",),
    ("send", "stale"),
    ("advance", 0, "paid"),
    ("lose", 0),
    ("due",),
    ("send", "ok"),
]
QUESTION_TURNED_AWAY: list[Step] = [
    ("switch", True),
    ("send", "ok"),
    ("switch", False),
    ("due",),
    ("send", "ok"),
    ("due",),
    ("send", "invalid"),
    ("due",),
    ("send", "busy"),
    ("cancel", 0),
    ("advance", 0, "paid"),
]
"""What is said of our question says nothing of the payout. Nothing is sent while paused."""
SENDER_DIES: list[Step] = [
    ("send", "ok", "after_answer"),
    ("send", "ok"),
    ("cancel", 0),
    ("advance", 0, "paid"),
]
SENDER_SLEEPS: list[Step] = [
    ("send", "ok", PAUSES),
    ("due",),
    ("send", "not_found"),
    ("resolve", 0),
    ("resume", 0),
    ("advance", 0, "paid"),
]
"""Others gave the payout up meanwhile: it must not be sent any more."""
LATE_COPY: list[Step] = [
    ("send", "ghost"),
    ("jump", 150),
    ("poll",),
    ("send", "not_found"),
    ("cancel", 0),
    ("arrive", 0),
    ("advance", 0, "paid"),
    ("due",),
    ("send", "ok"),
]
"""The provider did not know it, and then it did."""
NEVER_FOUND: list[Step] = [
    *[("send", "lost"), ("due",), ("send", "not_found"), ("due",)] * 6,
    ("resolve", 0),
]
RETURNED_UNHEARD: list[Step] = [
    ("send", "pays"),
    ("lose", 0),
    ("advance", 0, "returned"),
    ("lose", 0),
    ("jump", 1300),
    ("reconcile",),
    ("send", "ok"),
    ("send", "ok"),
]
"""Only the registry tells."""
SAID_FAILED_BUT_PAID: list[Step] = [
    ("send", "ok"),
    ("lie", 0, "failed"),
    ("callback", 0, "once"),
    ("advance", 0, "paid"),
    ("lose", 0),
]
SAID_RETURNED_BUT_PAID: list[Step] = [
    ("send", "pays"),
    ("lose", 0),
    ("lie", 0, "returned"),
    ("callback", 0, "once"),
]


@settings(
    max_examples=25,
    deadline=None,
    # A story takes half a second: shrinking one would take the suite's patience.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STORIES)
@example(TIMED_OUT)
@example(OVERTAKEN)
@example(TURNED_AWAY_AFTER_DOUBT)
@example(SENT_AGAIN)
@example(QUESTION_TURNED_AWAY)
@example(SENDER_DIES)
@example(SENDER_SLEEPS)
@example(LATE_COPY)
@example(NEVER_FOUND)
@example(RETURNED_UNHEARD)
@example(SAID_FAILED_BUT_PAID)
@example(SAID_RETURNED_BUT_PAID)
def test_promises_hold_in_every_story(stage: Stage, story: list[Step]) -> None:
    stage.play(story)
