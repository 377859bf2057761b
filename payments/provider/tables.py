"""The sequence of merchant ids of 0.1.0, and the switch that pauses payouts to a provider."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

SUPERPAY: Final = "superpay"

merchant_numbers: Final = sa.Sequence("merchant_numbers", start=1_000_001, metadata=METADATA)
"""Consumers of 0.1.0 draw `merchant_id` from it while they run beside newer ones."""

provider_switches: Final = sa.Table(
    "provider_switches",
    METADATA,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("is_paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    comment="while paused nothing new is sent to the provider; asking it goes on",
)
