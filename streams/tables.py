"""Tables of the transport: how far each partition is applied, and which consumers are alive."""

from typing import Final

import sqlalchemy as sa

METADATA: Final = sa.MetaData()

stream_partitions: Final = sa.Table(
    "stream_partitions",
    METADATA,
    sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("last_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column(
        "halted_reason",
        sa.Text,
        comment="set when Redis was found behind this row: nothing is accepted",
    ),
    comment="one row a partition, fixed at first start; last_* is the newest applied entry",
)

stream_consumers: Final = sa.Table(
    "stream_consumers",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
)
