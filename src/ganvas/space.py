"""What a picture of this data looks like: asked of the data, handed to the networks, kept in the snapshot."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SerializeAsAny

from ganvas.config import Config, Family


class Condition(Family):
    """What a picture may be asked to show. ``None`` in its place means: nothing may be asked."""


class Classes(Condition):
    """One of several named classes; the condition tensor is int64 (N,)."""

    kind: Literal["classes"] = "classes"
    names: tuple[str, ...] = Field(min_length=1)

    @property
    def count(self) -> int:
        return len(self.names)


class Source(Config):
    """The pictures that a translation begins from."""

    channels: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    paired: bool = True
    """Whether every picture has its own source, or the two are sets of their own."""
    names: tuple[str, ...] = ()
    """Where the source is a map of classes: what each class is called. The channels are then one a class."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (self.channels, self.height, self.width)

    def __str__(self) -> str:
        of = f" of {len(self.names)} classes" if self.names else ""
        size = f"{self.height}x{self.width}, {self.channels} channel{'s' * (self.channels > 1)}"
        return f"{'pairs' if self.paired else 'another set'}{of}, {size}"


class Space(Config):
    """Channels and size of the pictures, and what they can be conditioned on or translated from."""

    channels: int = Field(ge=1)
    height: int = Field(ge=1)
    width: int = Field(ge=1)
    condition: SerializeAsAny[Condition] | None = None
    source: Source | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return (self.channels, self.height, self.width)

    def __str__(self) -> str:
        text = f"{self.height}x{self.width}, {self.channels} channel{'s' * (self.channels > 1)}"
        text += f", {self.condition.count} classes" if isinstance(self.condition, Classes) else ""
        return text + (f", from {self.source}" if self.source else "")
