"""URLs of masters behind Sentinel."""

from typing import Any

import pytest
from redis.asyncio.connection import ConnectionPool

from streams.addresses import check_url
from streams.options import options
from streams.sentinel import MasterConnection, MasterTLSConnection, parse_sentinels, pool_of


def made(url: str) -> Any:
    """A connection that is not open."""
    pool: Any = pool_of(ConnectionPool, url, **options())
    return pool.make_connection()


def test_everything_that_a_url_says_is_read() -> None:
    url = "rediss+sentinel://me:pw@s1,[::1]:5000/my%20master?db=3&sentinel_password=sp&ssl_ca_certs=/ca"
    sentinels = parse_sentinels(url)
    assert sentinels.seeds == (("s1", 26379), ("::1", 5000))
    assert (sentinels.service, sentinels.password) == ("my master", "sp")
    assert "pw" not in repr(sentinels)
    connection = made(url)
    assert isinstance(connection, MasterTLSConnection)
    assert (connection.username, connection.password, connection.db) == ("me", "pw", 3)
    assert connection._tls()["ssl_ca_certs"] == "/ca"
    plain = made("redis+sentinel://s1/m")
    assert isinstance(plain, MasterConnection)
    assert not isinstance(plain, MasterTLSConnection)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis+sentinel://s1:26379", "name sentinels and the master"),
        ("redis+sentinel:///mymaster", "name sentinels and the master"),
        ("redis+sentinel://secret@/mymaster", "name sentinels and the master"),
        ("redis+sentinel://s1:nan/mymaster", "a sentinel is host:port"),
        ("redis+sentinel://s1/mymaster?db=x", "db is a number"),
        ("redis+sentinel://s1/mymaster?min_replicas=x", "min_replicas is a number"),
        ("sentinel://s1/mymaster", r"redis\+sentinel://"),
    ],
)
def test_what_is_wrong_is_said_without_the_password(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        check_url(url)
    assert "secret" not in str(error.value)
