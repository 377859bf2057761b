"""Where the streams are, read from a URL: one server, a master, or the nodes of a cluster.

The URL has one of these forms:

    redis://host:6379/0   rediss://…   unix://…        one server
    redis+sentinel://user:password@a:26379,b:26379/mymaster   the master that sentinels name
    redis+cluster://user:password@a:6379,b:6379        a cluster, by any of its nodes
    …?min_replicas=1                                   an append counts when replicas have it
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from streams.cluster.addresses import CLUSTER_SCHEMES, is_cluster, parse_cluster
from streams.sentinel import SENTINEL_SCHEMES, is_sentinel, parse_sentinels

_MIN_REPLICAS: Final = "min_replicas"


def min_replicas(url: str) -> int:
    """How many replicas must have an append before it counts; 0 without the parameter."""
    count = dict(parse_qsl(urlsplit(url).query)).get(_MIN_REPLICAS, "0")
    if not count.isascii() or not count.isdigit():
        raise ValueError("min_replicas is a number")
    return int(count)


def server_url(url: str) -> str:
    """The URL without the parameter that only this package understands."""
    parts = urlsplit(url)
    if _MIN_REPLICAS not in parts.query:
        return url
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != _MIN_REPLICAS])
    return urlunsplit(parts._replace(query=query))


def check_url(url: str) -> None:
    """Raises `ValueError` with an explanation when this cannot be the URL of our streams."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix", *CLUSTER_SCHEMES, *SENTINEL_SCHEMES}:
        raise ValueError(
            "the URL must begin with redis://, rediss://, unix://, redis+sentinel://, "
            "rediss+sentinel://, redis+cluster:// or rediss+cluster://"
        )
    min_replicas(url)
    if is_cluster(url):
        parse_cluster(url)
    elif is_sentinel(url):
        parse_sentinels(url)
