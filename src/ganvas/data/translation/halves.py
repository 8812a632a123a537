"""Double pictures, which hold A in their left and B in their right half."""

from __future__ import annotations

from typing import Literal

from ganvas.data.picture import Unreadable

Half = Literal["left", "right"]


def columns_of(half: Half, width: int) -> slice:
    """Where a half lies in a picture so wide. Raises `Unreadable` for an odd width."""
    if width % 2:
        raise Unreadable(f"is {width} pixels wide, so A and B cannot be its two halves")
    return slice(0, width // 2) if half == "left" else slice(width // 2, width)
