"""What SIGTERM and Ctrl-C do to a role.

It leaves at once instead of raising: an exception that a handler raises is lost when the signal
arrives inside a destructor or a callback of a weak reference.
"""

import os
import signal
from types import FrameType
from typing import NoReturn


def stop_cleanly() -> None:
    """End with status 0 on SIGTERM and Ctrl-C, also before the role is up; roles drain first.

    uvicorn restores the previous handler and raises the signal again once it has drained.
    """

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        os._exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
