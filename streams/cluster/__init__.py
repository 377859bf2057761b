"""Streams in a Redis Cluster: its address, its client, its producer (decision 0030)."""
