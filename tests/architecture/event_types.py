"""Types of events live in clients for ever.

`python -m tests.architecture.event_types` adds new ones to `event_types.txt`; none is ever removed.
"""

from pathlib import Path

from payments.events.types import OF_OUR_OWN, WORDS, type_of
from payments.provider.schedule import Schedule
from payments.registry import told

PATH = Path(__file__).with_name("event_types.txt")


def types() -> set[str]:
    """What an event may be called."""
    return {
        *(type_of(kind, is_applied=is_applied) for kind in WORDS for is_applied in (True, False)),
        *(f"{tells.noun}.{word}" for tells in told(Schedule()) for word in tells.words),
        *OF_OUR_OWN,
    }


def written() -> set[str]:
    """What the file holds."""
    return set(PATH.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    known = written() if PATH.exists() else set()
    PATH.write_text("\n".join(sorted(known | types())) + "\n", encoding="utf-8")
