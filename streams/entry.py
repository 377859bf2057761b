"""An entry of a stream: its position and its bytes."""

import msgspec


class Entry(msgspec.Struct, frozen=True, gc=False):
    """`payload` at `stream_id` ("1700000000000-0") of a partition; partition -1 means no stream."""

    partition: int
    stream_id: str
    payload: bytes

    @property
    def is_of_stream(self) -> bool:
        """False for what was part of an entry: it has no position of its own."""
        return "/" not in self.stream_id

    @property
    def position(self) -> tuple[int, int]:
        """The stream id as a comparable tuple of numbers."""
        ms, _, seq = self.stream_id.partition("-")
        return int(ms), int(seq or 0)
