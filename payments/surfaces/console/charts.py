"""Charts as SVG made here: bars a minute, stacked, with a line over them."""

from collections.abc import Sequence
from typing import Final

import msgspec
from markupsafe import Markup

WIDTH: Final = 720
HEIGHT: Final = 160
TOP: Final = 16
BOTTOM: Final = 140
_GAP: Final = 1
_LABEL_EVERY: Final = 5


class Series(msgspec.Struct, frozen=True):
    """Values of one colour; `tone` is a class of the stylesheet."""

    name: str
    tone: str
    values: Sequence[int]


def bars(title: str, labels: Sequence[str], stacked: Sequence[Series], line: Series) -> Markup:
    """Stacked bars and a line over them; the highest value fills the height and is written there.

    Each bar says its values on hover; the legend names the colours.
    """
    sums = [sum(values) for values in zip(*(s.values for s in stacked), strict=True)]
    top = max([*sums, *line.values, 1])
    step = WIDTH / max(len(labels), 1)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            WIDTH, HEIGHT, f"{title}: at most {top}, {sums[-1] if sums else 0} in the last one"
        ),
        Markup('<text x="0" y="11">{} a minute</text>').format(top),
    ]
    for i, label in enumerate(labels):
        words = ", ".join(f"{s.values[i]} {s.name}" for s in (line, *stacked))
        parts.append(Markup("<g><title>{}: {}</title>").format(label, words))
        parts.append(_column(i * step, step - _GAP, [(s.tone, s.values[i]) for s in stacked], top))
        parts.append(Markup("</g>"))
        if i % _LABEL_EVERY == 0:
            parts.append(
                Markup('<text x="{:.1f}" y="{}">{}</text>').format(i * step, HEIGHT, label)
            )
    points = " ".join(
        f"{(i + 0.5) * step:.1f},{_y(value, top):.1f}" for i, value in enumerate(line.values)
    )
    parts.append(Markup('<polyline class="{}" points="{}"/>').format(line.tone, points))
    parts.append(
        Markup('<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/></svg>').format(BOTTOM, WIDTH)
    )
    return Markup("").join((*parts, _legend((line, *stacked))))


def _y(value: int, top: int) -> float:
    return BOTTOM - value / top * (BOTTOM - TOP)


def _column(x: float, width: float, values: Sequence[tuple[str, int]], top: int) -> Markup:
    """One bar over a transparent rectangle, so that an empty minute can be pointed at."""
    rectangle = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>')
    parts = [rectangle.format("none", x, TOP, width, BOTTOM - TOP)]
    below = 0
    for tone, value in values:
        if value:
            y, height = _y(below + value, top), _y(below, top) - _y(below + value, top)
            parts.append(rectangle.format(tone, x, y, width, height))
            below += value
    return Markup("").join(parts)


def _legend(series: Sequence[Series]) -> Markup:
    items = (
        Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span> ').format(
            s.tone, "\u2501" if i == 0 else "\u25a0", s.name
        )
        for i, s in enumerate(series)
    )
    return Markup('<p class="legend">{}</p>').format(Markup("").join(items))
