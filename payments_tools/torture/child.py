"""A role whose clock can be moved while it runs.

    python -m payments_tools.torture.child FILE ROLE…

FILE holds the seconds its clock is off. The product has no such switch: the clock is replaced here,
before anything else of the product is imported.
"""

import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from payments.kernel import clock

_LOOK_EVERY_S: Final = 0.05


class MovedClock:
    """The time, as many seconds off as the file says."""

    def __init__(self, path: Path) -> None:
        """A missing file is a clock that is right."""
        self._path = path
        self._true = clock.utc_now
        self._offset = timedelta()
        self._looked_s = 0.0

    def __call__(self) -> datetime:
        """The time this host believes."""
        if clock.monotonic_s() - self._looked_s > _LOOK_EVERY_S:
            self._looked_s = clock.monotonic_s()
            self._offset = timedelta(seconds=offset_s(self._path))
        return self._true() + self._offset


def offset_s(path: Path) -> float:
    """What the file says."""
    try:
        return float(path.read_text() or 0)
    except FileNotFoundError:
        return 0.0


def main() -> None:
    """Move the clock, then be the command."""
    clock.utc_now = MovedClock(Path(sys.argv[1]))
    sys.argv = ["payments", *sys.argv[2:]]
    from payments.entrypoints import cli  # noqa: PLC0415 - only now: all else imports the clock

    cli.main()


if __name__ == "__main__":
    main()
