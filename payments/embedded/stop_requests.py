"""Ctrl-C, SIGTERM and a closed terminal are noticed where this process waits, nowhere else.

A handler that raises can do so anywhere: inside the import system, whose lock then stays taken for
every other thread, between a child's start and the assignment of its id, inside a destructor, where
the exception is lost. Here a handler only records the signal.
"""

import signal
import time
from dataclasses import dataclass
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(BaseException):
    """A stop signal came; unwinds through every `finally`."""


@dataclass
class _Request:
    signal_name: str = ""
    raised: bool = False


_request = _Request()
"""Of this process, as its signal handlers are."""


def record_stop_signals() -> None:
    """From now on stop signals are recorded, and `pause` raises for the first one."""
    _request.signal_name, _request.raised = "", False
    for number in STOPPING:
        signal.signal(number, _record)


def _record(number: int, _frame: FrameType | None) -> None:
    _request.signal_name = _request.signal_name or signal.Signals(number).name


def stop_requested() -> bool:
    """Tell whether a stop signal was recorded."""
    return bool(_request.signal_name)


def pause(seconds: float) -> None:
    """Sleep, then raise StopRequestedError if a stop signal was recorded.

    It raises once, so that what stops the children can pause too. Keep `seconds` short: a signal
    does not end the sleep.
    """
    time.sleep(seconds)
    if stop_requested() and not _request.raised:
        _request.raised = True
        raise StopRequestedError(_request.signal_name)
