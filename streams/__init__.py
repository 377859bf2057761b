"""Transport over Redis Streams: bytes, at least once, ordered within a partition. Independent of
payments.
"""
