"""Where the streams live, read from a URL: one server, or the nodes of a cluster.

redis://host:6379/0   rediss://…   unix://…        one server
redis+cluster://user:password@a:6379,b:6379        a cluster, by any of its nodes
…?min_replicas=1                                   an append counts when replicas have it
"""

from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

CLUSTER_SCHEMES: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_PORT: Final = 6379
_MIN_REPLICAS: Final = "min_replicas"

Node = tuple[str, int]


class Cluster(msgspec.Struct, frozen=True):
    """How to reach a cluster: its scheme a node, its credentials, and nodes to ask first."""

    scheme: str
    credentials: str
    seeds: tuple[Node, ...]

    def url(self, node: Node) -> str:
        """The URL of one node."""
        host = f"[{node[0]}]" if ":" in node[0] else node[0]
        return f"{self.scheme}://{self.credentials}{host}:{node[1]}/0"


def is_cluster(url: str) -> bool:
    """True for the URL of a cluster."""
    return urlsplit(url).scheme in CLUSTER_SCHEMES


def parse_cluster(url: str) -> Cluster:
    """The cluster behind a URL. Raises `ValueError` in words that never hold the password."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if parts.path.strip("/") not in {"", "0"}:
        raise ValueError("a cluster has database 0 only")
    seeds = tuple(_node(host) for host in hosts.split(",") if host)
    if not seeds:
        raise ValueError("name at least one node: redis+cluster://host:6379,host:6379")
    return Cluster(CLUSTER_SCHEMES[parts.scheme], credentials + at, seeds)


def min_replicas(url: str) -> int:
    """How many replicas must have an append before it counts; 0 without the parameter."""
    given = dict(parse_qsl(urlsplit(url).query)).get(_MIN_REPLICAS, "0")
    if not given.isascii() or not given.isdigit():
        raise ValueError("min_replicas is a number")
    return int(given)


def server_url(url: str) -> str:
    """The URL without what only we understand."""
    parts = urlsplit(url)
    if _MIN_REPLICAS not in parts.query:
        return url
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query) if k != _MIN_REPLICAS])
    return urlunsplit(parts._replace(query=query))


def check_url(url: str) -> None:
    """Raises `ValueError`, in words, when this cannot be the URL of our streams."""
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix", *CLUSTER_SCHEMES}:
        raise ValueError(
            "begin it with redis://, rediss://, unix://, redis+cluster:// or rediss+cluster://"
        )
    min_replicas(url)
    if is_cluster(url):
        parse_cluster(url)


def _node(text: str) -> Node:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError("a node is host:port")
    return host, port or _PORT
