"""Repeatable random numbers from a seed, for tests and trials. Never use them for secrets."""

import random
from uuid import UUID

_UUID_BITS = 128


class Seeded(random.Random):
    """Gives the same numbers for the same seed on every machine."""

    def uuid(self) -> UUID:
        """A version 4 UUID."""
        return UUID(int=self.getrandbits(_UUID_BITS), version=4)


def seeded(*parts: object) -> Seeded:
    """A generator of its own for each purpose, so that one more draw here changes nothing there."""
    return Seeded(":".join(str(part) for part in parts))
