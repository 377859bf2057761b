"""Transport over Redis Streams: bytes in, bytes out, at least once, in order within a partition. Knows no payment."""
