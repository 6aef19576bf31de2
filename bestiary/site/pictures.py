"""The size of a picture, which a page has to know before the picture is there."""

from __future__ import annotations

import struct

from markupsafe import Markup

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SHOWN = 1 / 2  # [1] of the pixels of a figure, which is drawn for screens of twice the density


def size(content: bytes) -> tuple[int, int]:
    """Return width and height [pixel] of a PNG.

    Raises:
        ValueError: it is none.
    """
    if not content.startswith(SIGNATURE) or len(content) < 24:
        raise ValueError("not a PNG")
    wide, high = struct.unpack(">II", content[16:24])
    return wide, high


def attributes(content: bytes) -> Markup:
    """Write the width and height of a PNG as a page has them."""
    wide, high = (round(side * SHOWN) for side in size(content))
    return Markup(' width="{}" height="{}"').format(wide, high)
