"""The numbers we give the provider, and the switch that stops payouts to it."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

SUPERPAY: Final = "superpay"

MERCHANT_NUMBERS: Final = "merchant_numbers"
merchant_numbers: Final = sa.Sequence(MERCHANT_NUMBERS, start=1_000_001, metadata=METADATA)
"""One sequence for payouts and deposits: a `merchant_id` is unique for ever over both."""

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
