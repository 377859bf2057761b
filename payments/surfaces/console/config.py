"""What the composition root gives the console."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol, runtime_checkable

import msgspec

from payments.kernel.clock import Clock
from payments.payouts.queries import Lens
from payments.provider.schedule import Schedule
from payments.users.writes import Attempts

LOGINS_A_MINUTE: Final = 10
LOGINS_OF_ADDRESS: Final = 100


class ConsoleConfig(msgspec.Struct, frozen=True):
    """`base_url` is the base of one-time links. In production the cookie is Secure."""

    base_url: str
    is_production: bool
    schedule: Schedule
    clock: Clock

    def lens(self) -> Lens:
        """The view of payouts at this moment."""
        return Lens(schedule=self.schedule, now=self.clock())

    @property
    def cookie(self) -> str:
        """Name of the session's cookie."""
        return "__Host-console" if self.is_production else "console"

    def set_cookie(self, token: str) -> bytes:
        """The header that keeps the session in the browser until it is closed.

        Lax: a link from a chat opens the page, and no other site can make the browser post.
        """
        secure = "; Secure" if self.is_production else ""
        return f"{self.cookie}={token}; Path=/; HttpOnly; SameSite=Lax{secure}".encode()

    def clear_cookie(self) -> bytes:
        """The header that removes it."""
        return self.set_cookie("") + b"; Max-Age=0"

    def link(self, token: str) -> str:
        """The one-time link to set a password."""
        return f"{self.base_url.rstrip('/')}/console/link/{token}"


class ConsoleAttempts(Attempts):
    """Counts the logins of operators, apart from those of the shop's users."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of the checks found of one: `breaches` are its first contradictions."""

    name: str
    proves: str
    is_broken: bool
    is_only_warned: bool
    seconds: float
    breaches: tuple[tuple[str, str], ...]


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of the scheduled checks: over what is new, or over everything."""

    job: str
    finished_at: datetime
    breaches: int


@runtime_checkable
class CheckRunner(Protocol):
    """Runs the invariants; they belong to the scheduler, so the composition root brings them."""

    async def last(self) -> Sequence[LastRun]:
        """The last scheduled runs; none when there was no scheduler yet."""
        ...

    async def run(self) -> Sequence[Checked]:
        """Check everything now."""
        ...


@runtime_checkable
class Letters(Protocol):
    """Decides dead letters: they go through the streams, so the composition root brings it."""

    async def retry(self, letter_id: int, by: str, now: datetime) -> None:
        """Put it into its stream again. Raises 404, 409 `dead_letter_closed`, 503."""
        ...

    async def discard(self, letter_id: int, by: str, now: datetime) -> None:
        """Give it up: its operation is rejected. Raises 404, 409 `dead_letter_closed`."""
        ...


@runtime_checkable
class Gate(Protocol):
    """What waits in the streams, and whether anything is accepted."""

    def backlog(self) -> int:
        """Entries that are accepted and not applied."""
        ...

    async def oldest_s(self) -> float | None:
        """Age of the oldest of them; None when nothing waits or Redis is away."""
        ...

    def closed_reason(self) -> str | None:
        """Why nothing is accepted, or None."""
        ...
