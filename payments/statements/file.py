"""A file from outside: its bytes, in memory or on a disk, read in pieces as often as needed."""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

CHUNK: Final = 1024 * 1024
_HEAD: Final = 65_536


class StatementFile:
    """The bytes of a file; whoever made it keeps the file on the disk as it is."""

    def __init__(self, source: bytes | Path) -> None:
        """`source`: the bytes, or where they are."""
        self._source = source
        with self.open() as opened:
            self.head = opened.read(_HEAD)
            self.size = opened.seek(0, io.SEEK_END)

    def open(self) -> BinaryIO:
        """The bytes from the beginning."""
        if isinstance(self._source, bytes):
            return io.BytesIO(self._source)
        return self._source.open("rb")

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of 1 MiB."""
        with self.open() as opened:
            while chunk := opened.read(CHUNK):
                yield chunk

    def is_blank(self) -> bool:
        """Whether nothing but white space is in it."""
        return not any(chunk.strip() for chunk in self.chunks())

    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.digest()


def as_file(source: "StatementFile | bytes") -> StatementFile:
    """Bytes that came over HTTP as a file."""
    return StatementFile(source) if isinstance(source, bytes) else source
