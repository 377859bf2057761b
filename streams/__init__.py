"""Transport over Redis Streams: bytes in, bytes out; knows no payment."""
