"""Which pictures, and how they are brought to one shape: the `data` part of a recipe."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ganvas.config import Config


def _sides(value: Any) -> Any:
    """A size as people write it: 64, (64, 96), or on a command line '64' and '64x96'."""
    if value is None:
        return None
    written = value.lower().replace("×", "x").split("x") if isinstance(value, str) else value
    sides = list(written) if isinstance(written, list | tuple) else [written]
    whole = [int(side) for side in sides if isinstance(side, int) or (isinstance(side, str) and side.isdecimal())]
    if whole != [side for side in whole if side > 0] or len(whole) != len(sides) or len(sides) not in (1, 2):
        raise ValueError(f"a size is a number of pixels or HEIGHTxWIDTH, such as 64 or 64x96, not {value!r}")
    return whole[0] if len(whole) == 1 else tuple(whole)


class DataSpec(Config):
    """A source of pictures and what is done to each of them. Opened by `ganvas.data.open_data`."""

    source: str = Field(min_length=1)
    """Packaged name (`digits`), known name (`mnist`, `fashion-mnist`, `cifar10`, `stacked-mnist`), or a path."""
    size: Annotated[int | tuple[int, int] | None, BeforeValidator(_sides)] = None
    """Side of the square pictures, or (height, width), in pixels; None keeps the size that all pictures share."""
    channels: Annotated[int, Field(ge=1)] | None = None
    """None keeps what the data have; 1 is grey, 3 is colour, 4 is colour with opacity."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """At most so many pictures, spread evenly over the set: the same ones each time."""
    labels: str | None = None
    """None finds them (dataset.json, CSV, class folders); `none` ignores them; else a column, attribute or rule."""
    mirror: bool = False
    """Show every picture also mirrored left to right, in training only. Wrong for text and digits."""

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) in pixels, where asked for."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size
