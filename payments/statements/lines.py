"""Lines of a statement as they are read: the first in memory, all others in a file on the disk."""

import io
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import IO, Final, overload

import msgspec

from payments.statements.line import Line

IN_MEMORY_MAX: Final = 10_000
_LENGTH_BYTES: Final = 4
_BUFFER_BYTES: Final = 256 * 1024
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Line).decode


class Lines(Sequence[Line]):
    """Grows at its end. The file is nameless, and is gone with the lines."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        """With these."""
        self._first: list[Line] = []
        self._rest: IO[bytes] | None = None
        self._count = 0
        self.received_minor = 0
        self.sent_minor = 0
        self.fee_minor = 0
        self.first_day: date | None = None
        self.last_day: date | None = None
        self.extend(lines)

    def append(self, line: Line) -> None:
        """One more."""
        self._sum(line)
        if self._count < IN_MEMORY_MAX:
            self._first.append(line)
        else:
            packed = _encode(line)
            self._file().write(len(packed).to_bytes(_LENGTH_BYTES) + packed)
        self._count += 1

    def extend(self, lines: Iterable[Line]) -> None:
        """More, in their order."""
        for line in lines:
            self.append(line)

    def _sum(self, line: Line) -> None:
        if line.minor > 0:
            self.received_minor += line.minor
        else:
            self.sent_minor -= line.minor
        self.fee_minor += line.fee_minor
        if self.first_day is None or self.last_day is None:
            self.first_day = self.last_day = line.posted
        else:
            self.first_day = min(self.first_day, line.posted)
            self.last_day = max(self.last_day, line.posted)

    def _file(self) -> IO[bytes]:
        if self._rest is None:
            self._rest = tempfile.TemporaryFile(buffering=_BUFFER_BYTES)  # noqa: SIM115 - closed with us
            weakref.finalize(self, self._rest.close)
        return self._rest

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Line]:
        """Whoever reads does not append meanwhile."""
        yield from self._first
        if self._rest is None:
            return
        rest = self._rest
        rest.seek(0)
        for _ in range(self._count - len(self._first)):
            length = int.from_bytes(rest.read(_LENGTH_BYTES))
            yield _decode(rest.read(length))
        rest.seek(0, io.SEEK_END)

    @overload
    def __getitem__(self, place: int) -> Line: ...
    @overload
    def __getitem__(self, place: slice) -> list[Line]: ...
    def __getitem__(self, place: int | slice) -> Line | list[Line]:
        if isinstance(place, slice):
            return list(islice(self, *place.indices(self._count)))
        return next(islice(self, range(self._count)[place], None))
