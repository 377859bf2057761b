"""The URL of a cluster: `redis+cluster://user:password@a:6379,b:6379`, by any of its nodes."""

from typing import Final
from urllib.parse import urlsplit

import msgspec

CLUSTER_SCHEMES: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_PORT: Final = 6379

Node = tuple[str, int]


class Cluster(msgspec.Struct, frozen=True):
    """How to reach a cluster: URL scheme for nodes, credentials, and the nodes to ask first."""

    scheme: str
    credentials: str
    seeds: tuple[Node, ...]

    def url(self, node: Node) -> str:
        host = f"[{node[0]}]" if ":" in node[0] else node[0]
        return f"{self.scheme}://{self.credentials}{host}:{node[1]}/0"


def is_cluster(url: str) -> bool:
    """True for the URL of a cluster."""
    return urlsplit(url).scheme in CLUSTER_SCHEMES


def parse_cluster(url: str) -> Cluster:
    """The cluster in a URL. Raises `ValueError` with a message that never contains the password."""
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    if parts.path.strip("/") not in {"", "0"}:
        raise ValueError("a cluster has database 0 only")
    seeds = tuple(_node(host) for host in hosts.split(",") if host)
    if not seeds:
        raise ValueError("name at least one node: redis+cluster://host:6379,host:6379")
    return Cluster(CLUSTER_SCHEMES[parts.scheme], credentials + at, seeds)


def _node(text: str) -> Node:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError("a node is host:port")
    return host, port or _PORT
