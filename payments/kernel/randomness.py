"""Chance that can be repeated: numbers from a seed, for tests and trials, never for secrets."""

import random
from uuid import UUID

_UUID_BITS = 128


class Seeded(random.Random):
    """The same seed gives the same numbers on every machine."""

    def uuid(self) -> UUID:
        """An id of version 4, as an outsider would choose it."""
        return UUID(int=self.getrandbits(_UUID_BITS), version=4)


def seeded(*parts: object) -> Seeded:
    """Numbers of their own for each purpose, so that one draw more here changes nothing there."""
    return Seeded(":".join(str(part) for part in parts))
