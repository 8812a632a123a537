"""Which pictures, and how they are brought to one shape: the `data` part of a recipe."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ganvas.config import Config

Side = Annotated[int, Field(ge=1)]


def _written_size(value: Any) -> Any:
    """'64' → 64 and '64x96' → (64, 96), as people write sizes on a command line; the rest is left to pydantic."""
    if not isinstance(value, str):
        return value
    sides = value.lower().replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.strip().isdigit() for side in sides):
        raise ValueError(f"a size is a number or HEIGHTxWIDTH, such as 64 or 64x96, not '{value}'")
    return int(sides[0]) if len(sides) == 1 else tuple(int(side) for side in sides)


class DataSpec(Config):
    """A source of pictures and what is done to each of them. Opened by `ganvas.data.open_data`."""

    source: str = Field(min_length=1)
    """Packaged name (`digits`), known name (`mnist`, `fashion-mnist`, `cifar10`), or a path."""
    size: Annotated[Side | tuple[Side, Side] | None, BeforeValidator(_written_size)] = None
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
