"""What SIGTERM and Ctrl-C do to a process.

An exception that a handler raises is lost when the signal arrives inside a destructor or a callback
of a weak reference; nothing here relies on one alone.
"""

import os
import signal
from types import FrameType
from typing import Final, NoReturn


def stop_cleanly() -> None:
    """End with status 0 on SIGTERM and Ctrl-C, also before the role is up; roles drain first.

    uvicorn restores the previous handler and raises the signal again once it has drained.
    """

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


class StopRequestedError(BaseException):
    """Ctrl-C, SIGTERM or a closed terminal: unwinds through every `finally`."""


class StopSignals:
    """Raises `StopRequestedError` where the first signal finds us; later ones are ignored.

    Every loop calls `check` as well.
    """

    NUMBERS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self) -> None:
        self.requested = ""
        for each in self.NUMBERS:
            signal.signal(each, self._request)

    def check(self) -> None:
        """Raise once a stop has been requested."""
        if self.requested:
            raise StopRequestedError(self.requested)

    def _request(self, number: int, frame: FrameType | None) -> None:
        del frame
        for each in self.NUMBERS:
            signal.signal(each, signal.SIG_IGN)
        self.requested = signal.Signals(number).name
        self.check()
