"""Steps that a stop signal must not cut in two."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def held_signals() -> Iterator[None]:
    """Keep the stop signals waiting; their handlers, which may raise, run when this ends.

    Without it a handler can raise between a system call and the assignment of what it returned: a
    child is started or collected, and nobody knows.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
