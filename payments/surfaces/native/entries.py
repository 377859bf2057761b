"""The query of lists of entries, and filters that several lists share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import msgspec

from payments.http.lists import Page
from payments.reads.entries import EntryFilters

Metadata = Annotated[
    Mapping[str, str],
    msgspec.Meta(description="`metadata.<key>=<value>`: a member of the metadata"),
]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class EntriesQuery(Page, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Filters, all of which must hold; `from` is counted in, `to` is not."""

    from_: Moment | None = None
    to: Moment | None = None
    kind: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    reference: Annotated[str, msgspec.Meta(max_length=128)] | None = None


def filters_of(query: EntriesQuery) -> EntryFilters:
    """The filters of a query."""
    return EntryFilters(
        since=query.from_, until=query.to, kind=query.kind, reference=query.reference
    )
