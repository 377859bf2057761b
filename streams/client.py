"""Redis clients as this product needs them: no silent retries, every call with a deadline.

redis-py 8 repeats every command ten times by default; one XADD whose reply was lost became two
entries (measured).
"""

from streams.addresses import min_replicas, server_url
from streams.cluster.addresses import is_cluster, parse_cluster
from streams.cluster.client import ClusterClient
from streams.commands import Client
from streams.server_client import create_server_client


def create_client(url: str, *, connections: int = 8) -> Client:
    """The client of what `url` names; in a cluster `connections` to each node."""
    replicas = min_replicas(url)
    if is_cluster(url):
        return ClusterClient(parse_cluster(url), connections=connections, min_replicas=replicas)
    return create_server_client(server_url(url), connections=connections, min_replicas=replicas)
