"""Charts as SVG made here: bars a minute, stacked, with a table for who cannot see them."""

from collections.abc import Sequence
from typing import Final

import msgspec
from markupsafe import Markup, escape

WIDTH: Final = 720
HEIGHT: Final = 140
_GAP: Final = 1


class Series(msgspec.Struct, frozen=True):
    """Values of one colour; `tone` is a class of the stylesheet."""

    name: str
    tone: str
    values: Sequence[int]


def bars(title: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Stacked bars, one a label; the highest fills the height. A bar says its values on hover."""
    totals = [sum(s.values[i] for s in series) for i in range(len(labels))]
    top = max(totals, default=0)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, HEIGHT, f"{title}: at most {top}, {totals[-1] if totals else 0} at the end"
        )
    ]
    step = WIDTH / max(len(labels), 1)
    for i, label in enumerate(labels):
        words = ", ".join(f"{s.values[i]} {s.name}" for s in series)
        parts.append(Markup("<g><title>{}: {}</title>").format(label, words))
        parts.append(_column(i * step, step - _GAP, [(s.tone, s.values[i]) for s in series], top))
        parts.append(Markup("</g>"))
    parts.append(
        Markup('<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/></svg>').format(HEIGHT, WIDTH)
    )
    return Markup("").join(parts)


def _column(x: float, width: float, values: Sequence[tuple[str, int]], top: int) -> Markup:
    """One bar; an empty one is a transparent rectangle, so that it can be pointed at."""
    rectangle = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    parts = [rectangle.format("none", x, 0, width, HEIGHT)]
    y = float(HEIGHT)
    for tone, value in values:
        if value:
            height = value / top * (HEIGHT - 4)
            y -= height
            parts.append(rectangle.format(escape(tone), x, y, width, height))
    return Markup("").join(parts)
