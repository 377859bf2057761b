"""URLs of the streams: what is understood, what is refused, and that no password is repeated."""

import pytest

from payments.embedded.redis import nodes_of
from payments.entrypoints.environment import read_settings
from payments.entrypoints.settings import BadSettings
from streams.addresses import min_replicas, server_url
from streams.client import create_client
from streams.cluster.addresses import is_cluster, parse_cluster
from streams.cluster.client import slot_of
from streams.cluster.topology import partition_slot


def test_a_cluster_has_nodes_credentials_and_a_scheme() -> None:
    cluster = parse_cluster("redis+cluster://me:pa%40ss@one:7001,two,[::1]:7003/?min_replicas=1")
    assert cluster.seeds == (("one", 7001), ("two", 6379), ("::1", 7003))
    assert cluster.url(("one", 7001)) == "redis://me:pa%40ss@one:7001/0"
    assert cluster.url(("::1", 7003)) == "redis://me:pa%40ss@[::1]:7003/0"
    assert parse_cluster("rediss+cluster://one").url(("one", 1)) == "rediss://one:1/0"


@pytest.mark.parametrize("url", ["redis://one:1/0", "unix:///tmp/redis.sock?db=2"])
def test_one_server_is_no_cluster(url: str) -> None:
    assert not is_cluster(url)
    assert server_url(url) == url
    assert min_replicas(url) == 0


def test_replicas_are_ours_to_read() -> None:
    url = "redis://one:1/0?min_replicas=2&socket_timeout=3"
    assert min_replicas(url) == 2
    assert server_url(url) == "redis://one:1/0?socket_timeout=3"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://one", "begin with"),
        ("redis+cluster://:secret@", "name at least one node"),
        ("redis+cluster://:secret@one:port", "a node is host:port"),
        ("redis+cluster://:secret@one:1/3", "database 0 only"),
        ("redis://:secret@one/0?min_replicas=some", "min_replicas is a number"),
    ],
)
def test_what_is_no_address_is_said_without_the_password(url: str, words: str) -> None:
    with pytest.raises(BadSettings) as refused:
        read_settings({"PAYMENTS_REDIS_URL": url})
    (problem,) = refused.value.problems
    assert problem.startswith("PAYMENTS_REDIS_URL: ")
    assert words in problem
    assert "secret" not in problem


def test_the_embedded_servers_look_at_each_node() -> None:
    assert nodes_of("redis+cluster://:p@one:1,two:2/?min_replicas=1") == [
        "redis://:p@one:1/",
        "redis://:p@two:2/",
    ]
    assert nodes_of("redis://one:1/0") == ["redis://one:1/0"]
    assert nodes_of("unix://:p@/tmp/s?db=0") == ["unix://:p@/tmp/s?db=0"]


@pytest.mark.parametrize(
    "command",
    [
        ("XADD", "pay:{p03}:intents", "*", "e", b"pay:{p00}:no key"),
        ("XREADGROUP", "GROUP", "apply", "owner", "BLOCK", 1, "STREAMS", "pay:{p03}:intents", ">"),
        ("SCAN", 0, "MATCH", "pay:{p03}:op:*"),
        ("GET", b"pay:{p03}:op:x"),
    ],
)
def test_a_command_goes_where_its_first_key_is(command: tuple[object, ...]) -> None:
    assert slot_of(command) == partition_slot(3)


def test_what_has_no_key_of_ours_goes_anywhere() -> None:
    assert slot_of(("PUBLISH", "pay:replies:x", b"[]")) is None
    assert slot_of(("INFO", "server")) is None


async def test_one_server_is_read_at_once_a_cluster_by_partition() -> None:
    """No command of a cluster spans two slots."""
    server = create_client("redis://localhost:1")
    cluster = create_client("redis+cluster://localhost:1,localhost:2")
    assert server.readable_together({2, 0}) == {(0, 2)}
    assert server.readable_together(set()) == set()
    assert cluster.readable_together({2, 0}) == {(0,), (2,)}
