"""The query of lists of entries, and filters that several lists share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec

from payments.http.lists import Page
from payments.http.query import InvalidQuery, Query
from payments.reads.entries import EntryFilters

Metadata = Annotated[
    Mapping[str, str],
    msgspec.Meta(description="`metadata.<key>=<value>`: a member of the metadata"),
]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
YEAR_MIN: Final = 1970


class AtQuery(Query, frozen=True, kw_only=True):
    """`?at=` gives the balance at that time; `&time=effective` by what counted then.

    What was answered stays: after a question by effective time no transaction can count from
    before that moment on this account.
    """

    at: Moment | None = None
    time: Literal["recorded", "effective"] | None = None

    def check(self, now: datetime) -> None:
        """Raise 422 for a time in the future, and for `time` without `at`."""
        if self.at is None:
            if self.time is not None:
                raise InvalidQuery(errors=[{"field": "time", "message": "only beside at"}])
        elif self.at > now or self.at.year < YEAR_MIN:
            message = "a time that is not in the future"
            raise InvalidQuery(errors=[{"field": "at", "message": message}])

    @property
    def is_effective(self) -> bool:
        """True when the balance by effective time is asked for."""
        return self.time == "effective"


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
