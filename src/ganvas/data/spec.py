"""Which pictures, and how they are brought to one shape: the `data` part of a recipe."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

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


Sides = Annotated[int | tuple[int, int] | None, BeforeValidator(_sides)]


def _directed(value: Any) -> Any:
    """A direction as people write it: atob, A2B."""
    known = {"atob": "AtoB", "a2b": "AtoB", "btoa": "BtoA", "b2a": "BtoA"}
    return known.get(value.lower(), value) if isinstance(value, str) else value


Direction = Literal["AtoB", "BtoA"]
Fit = Literal["cover", "stretch", "scale-width", "none"]


class DataSpec(Config):
    """A source of pictures and what is done to each of them.

    Opened by `ganvas.data.open_data`, or, where it ``translates``, by `ganvas.data.translation.open_translation`.
    """

    source: str = Field(min_length=1)
    """Packaged name (`digits`), known name (`mnist`, `fashion-mnist`, `cifar10`, `stacked-mnist`), or a path."""
    size: Sides = None
    """Side of the square pictures, or (height, width), in pixels; None keeps the size that all pictures share."""
    channels: Annotated[int, Field(ge=1)] | None = None
    """None keeps what the data have; 1 is grey, 3 is colour, 4 is colour with opacity."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """At most so many pictures, spread evenly over the set: the same ones each time."""
    labels: str | None = None
    """None finds them (dataset.json, CSV, class folders); `none` ignores them; else a column, attribute or rule."""
    mirror: bool = False
    """Show every picture also mirrored left to right, in training only. Wrong for text and digits."""

    direction: Annotated[Direction | None, BeforeValidator(_directed)] = None
    """Translate from A into B, or from B into A; None: pictures only, without anything to translate from."""
    crop: Sides = None
    """Train on windows of this size, cut anew each time; ``size`` is then what is scaled to before. None: whole."""
    fit: Fit = "cover"
    """How pictures to translate come to ``size``: `cover` scales and cuts off what sticks out, `stretch` changes the
    proportions, `scale-width` keeps them and makes the width fit, `none` leaves every size as it is."""
    paired: bool | None = None
    """Whether A and B belong together file by file; None finds out by their names."""
    side_by_side: bool = False
    """Every picture holds A in its left and B in its right half, though no `train` and `val` folders say so."""
    edges: bool = False
    """Maps of classes get one more channel: 1 where a pixel's class differs from a neighbour's."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.fit == "none" and self.size is not None:
            raise ValueError("fit 'none' leaves every size as it is: leave size out, or choose another fit")
        return self

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) in pixels, where asked for."""
        return _pair(self.size)

    @property
    def window(self) -> tuple[int, int] | None:
        """(height, width) of the windows that are trained on, where asked for."""
        return _pair(self.crop)

    @property
    def translates(self) -> bool:
        """Whether these are pictures to translate between, or of many sizes: what `Translations` are for."""
        return self.direction is not None or self.crop is not None


def _pair(size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    return (size, size) if isinstance(size, int) else size
