"""Creates Redis clients without silent retries and with a deadline for every call.

redis-py 8 repeats every command ten times by default; an XADD whose reply was lost became two
entries (measured).
"""

from streams.addresses import min_replicas, server_url
from streams.cluster.addresses import is_cluster, parse_cluster
from streams.cluster.client import ClusterClient
from streams.commands import Client
from streams.server_client import create_server_client


def create_client(url: str, *, connections: int = 8) -> Client:
    """A client for the server or cluster in `url`; `connections` applies to
    each node of a cluster.
    """
    replicas = min_replicas(url)
    if is_cluster(url):
        return ClusterClient(parse_cluster(url), connections=connections, min_replicas=replicas)
    return create_server_client(server_url(url), connections=connections, min_replicas=replicas)
