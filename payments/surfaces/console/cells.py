"""What stands in a table: each cell as HTML for the page and as text for the CSV."""

from datetime import UTC, datetime
from typing import Final, Protocol

import msgspec
from markupsafe import Markup, escape

from payments.http.csv_text import harmless
from payments.kernel.clock import rfc3339

_DAY_S: Final = 86_400
_ID_SHOWN: Final = 12
NOTHING: Final = Markup("&ndash;")


class Cell(Protocol):
    """A value in a table."""

    def html(self, now: datetime) -> Markup:
        """As the page shows it."""
        ...

    def plain(self) -> str:
        """As the CSV has it."""
        ...


class Text(msgspec.Struct, frozen=True):
    """Text, perhaps with a link. In the CSV it never begins like a formula."""

    text: str
    href: str | None = None

    def html(self, now: datetime) -> Markup:  # noqa: ARG002 - every cell is asked the same
        return self.html_alone()

    def html_alone(self) -> Markup:
        """The same for who has no time at hand."""
        if self.href is None:
            return escape(self.text)
        return Markup('<a href="{}">{}</a>').format(self.href, self.text)

    def plain(self) -> str:
        return harmless(self.text)


class Id(msgspec.Struct, frozen=True):
    """An id: shortened on the page, with the whole of it on hover."""

    id: str
    href: str | None = None

    def html(self, now: datetime) -> Markup:  # noqa: ARG002
        short = self.id if len(self.id) <= _ID_SHOWN else f"{self.id[:8]}…{self.id[-4:]}"
        code = Markup('<code title="{}">{}</code>').format(self.id, short)
        return code if self.href is None else Markup('<a href="{}">{}</a>').format(self.href, code)

    def plain(self) -> str:
        return self.id


class Amount(msgspec.Struct, frozen=True):
    """Money: right-aligned, with its currency."""

    amount: str | None
    currency: str

    def html(self, now: datetime) -> Markup:  # noqa: ARG002
        if self.amount is None:
            return NOTHING
        return Markup('<span class="money">{} <small>{}</small></span>').format(
            grouped(self.amount), self.currency
        )

    def plain(self) -> str:
        return self.amount or ""


class Moment(msgspec.Struct, frozen=True):
    """A time: how long ago, with the exact one on hover. Text is RFC 3339."""

    at: datetime | str | None

    def html(self, now: datetime) -> Markup:
        if self.at is None:
            return NOTHING
        at = datetime.fromisoformat(self.at) if isinstance(self.at, str) else self.at
        exact = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            rfc3339(at), exact, ago((now - at).total_seconds(), at)
        )

    def plain(self) -> str:
        return rfc3339(self.at) if isinstance(self.at, datetime) else self.at or ""


class State(msgspec.Struct, frozen=True):
    """A state as a word, with a colour and a shape."""

    word: str
    tone: str | None = None

    def html(self, now: datetime) -> Markup:  # noqa: ARG002
        tone = self.tone or TONES.get(self.word, "plain")
        return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
            tone, SHAPES[tone], self.word.replace("_", " ")
        )

    def plain(self) -> str:
        return self.word


SHAPES: Final = {"good": "●", "wait": "◐", "doubt": "▲", "bad": "■", "plain": "○"}
"""One shape a tone, so that nobody needs to see colours."""
TONES: Final = {
    **dict.fromkeys(
        (
            "active", "applied", "approved", "captured", "completed", "delivered", "done",
            "holds", "matched", "paid", "received", "booked", "resolved", "enabled", "succeeded",
        ),
        "good",
    ),
    **dict.fromkeys(
        (
            "accepted", "assigned", "held", "invited", "new", "open", "pending", "retried",
            "submitting", "waiting", "medium", "low",
        ),
        "wait",
    ),
    **dict.fromkeys(
        ("frozen", "needs_operator", "unknown", "unmatched", "parked", "high", "stuck", "look"),
        "doubt",
    ),
    **dict.fromkeys(
        ("broken", "critical", "disabled", "failed", "rejected", "expired", "refused"), "bad"
    ),
}  # fmt: skip


def ago(seconds: float, at: datetime) -> str:
    """`3 min ago`, `in 2 h`, and the day for what is further away than a week."""
    distance = abs(seconds)
    if distance > 7 * _DAY_S:
        return at.astimezone(UTC).strftime("%Y-%m-%d")
    words = span(distance)
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def span(seconds: float) -> str:
    """A length of time in one unit: `40 s`, `3 min`, `2 h`, `5 d`."""
    for unit, size in (("d", _DAY_S), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def grouped(amount: str) -> str:
    """The amount with narrow spaces between thousands."""
    whole, dot, decimals = amount.partition(".")
    sign = "\u2212" if whole.startswith("-") else ""
    digits = whole.lstrip("-")
    return f"{sign}{int(digits):,}".replace(",", "\u202f") + dot + decimals
