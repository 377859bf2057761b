"""The row of a hold: money that stays in the wallet and cannot be spent."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from payments.ledger.tables import holds
from payments.operations.record import Record


class Hold(Record, frozen=True, kw_only=True):
    """Money kept aside. Left of it: `minor - captured_minor - released_minor`."""

    table: ClassVar[sa.Table] = holds

    id: UUID
    wallet_id: int
    purpose: str
    minor: int
    captured_minor: int
    released_minor: int
    currency: str
    description: str
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None

    @property
    def left(self) -> int:
        """Minor units still kept aside."""
        return self.minor - self.captured_minor - self.released_minor
