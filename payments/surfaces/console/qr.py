"""QR codes as SVG, made on the server: nothing is asked of anybody else, and nothing is stored."""

from typing import Final

import segno
from markupsafe import Markup

_TITLE: Final = "QR code of the secret, for an authenticator application"
_PIXELS: Final = 5
"""Of the smallest square: a phone reads it from an arm's length."""


def qr_code(text: str) -> Markup:
    """The picture, dark on light whatever the page's colours are; it carries no style."""
    code = segno.make_qr(text, error="m")
    svg = code.svg_inline(scale=_PIXELS, dark="#000", light="#fff", svgclass="qr", title=_TITLE)
    return Markup(svg.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 - numbers and our title
