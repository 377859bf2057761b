"""States of what waits for a second person."""

import enum


class ApprovalState(enum.Enum):
    """waiting → approved, rejected or withdrawn."""

    WAITING = "waiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    """By another operator."""
    WITHDRAWN = "withdrawn"
    """By the operator who asked."""
