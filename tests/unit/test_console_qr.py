"""The picture of a secret."""

import re

import segno

from payments.surfaces.console.qr import qr_code


def test_the_picture_is_the_code_and_carries_neither_style_nor_script() -> None:
    text = "otpauth://totp/console:anna?secret=ABCDEFGH&issuer=Payments"
    svg = qr_code(text)
    assert 'role="img"' in svg
    assert "<title>" in svg
    assert not re.search(r"<script|style=|javascript:|https?://(?!www.w3.org)", svg)
    size = segno.make_qr(text, error="m").symbol_size()[0]
    assert f"M0 0h{size}v{size}" in svg


def test_a_hostile_login_is_only_squares() -> None:
    assert "alert" not in qr_code("otpauth://totp/<script>alert(1)</script>")
