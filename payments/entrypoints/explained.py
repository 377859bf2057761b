"""What a failure of a command means, in words, and its exit code."""

from payments.embedded.process import EmbeddedError
from payments.entrypoints.settings import BadSettings
from payments.kernel.database import no_session, trouble_in_words
from payments.kernel.errors import PaymentsError


def explained(error: Exception) -> tuple[str | None, int]:
    """Text for stderr and the exit code; no text for what only a traceback explains."""
    if isinstance(error, BadSettings):
        problems = "".join(f"  - {problem}\n" for problem in error.problems)
        return f"payments cannot start with these settings:\n{problems}", 2
    if isinstance(error, PaymentsError):
        return f"payments: {error.detail}\n", 1
    if isinstance(error, EmbeddedError):
        return f"payments: {error}\n", 1
    reason = no_session(error)
    if reason is None:
        return None, 1
    return f"payments: PostgreSQL: {trouble_in_words(reason)}\n", 1
