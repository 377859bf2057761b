"""What a handler asks for is there when the application starts, or it does not start."""

import pytest
from litestar import get
from litestar.di import NamedDependency

from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply, json_reply
from payments.http.services import Time
from tests.unit.http_app import NOW, Api


class Absent:
    """A service that nothing provides."""


@get("/clock", access=Access(PUBLIC))
async def tell_time(clock: NamedDependency[Time]) -> Reply:
    """The time."""
    return json_reply({"now": clock.now()})


@get("/absent", access=Access(PUBLIC))
async def use_absent(absent: NamedDependency[Absent]) -> Reply:
    """Never reached."""
    return json_reply({"absent": str(absent)})


@get("/other", access=Access(PUBLIC))
async def use_other_clock(clock: NamedDependency[Absent]) -> Reply:
    """The name of another service."""
    return json_reply({"clock": str(clock)})


async def test_the_type_says_which_service_a_parameter_gets() -> None:
    answer = await Api(tell_time).http.get("/clock")
    assert answer.json() == {"now": NOW.isoformat().replace("+00:00", "Z")}


def test_an_application_does_not_start_without_a_service_that_a_route_needs() -> None:
    with pytest.raises(ValueError, match="asks for Absent, which nothing provides"):
        Api(use_absent)


def test_one_name_is_one_type() -> None:
    with pytest.raises(ValueError, match="another type of 'clock'"):
        Api(tell_time, use_other_clock)
