"""Memory of a long-lived server process: garbage collection, and what is not loaded."""

import gc
import sys
from typing import Final

_YOUNG_MAX: Final = 50_000


def settle() -> None:
    """Call once everything is built: existing objects are never scanned again.

    With the default threshold of 700 objects every request or two triggered a scan; the pauses
    showed in p99.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_MAX, 20, 20)


def without_rich() -> None:
    """Keep rich, which draws tables in a terminal, out of this process.

    Loading structlog loads it too, for coloured tracebacks, which no role prints: call this before.
    Where rich is loaded already (`payments up`), it stays.
    """
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # None: it cannot be imported
