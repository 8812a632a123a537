"""Animated GIFs, frame by frame, each with its own delay: at a film's constant rate a short pause would make many
frames of every other."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from ganvas.counted import counted
from ganvas.data.picture import Unreadable, opened
from ganvas.errors import GanvasError
from ganvas.files import write_whole
from ganvas.images import to_picture

PAUSE = 100
"""Milliseconds where a GIF says nothing, as browsers have it."""


@dataclass(frozen=True)
class Animation:
    """What is known of a GIF before its frames."""

    path: Path
    delays: tuple[int, ...]
    """Of each frame that can be read, in milliseconds."""
    loop: int | None
    """How often it is shown, 0 for ever; None once."""
    damage: str | None
    """Why the frames end early, if they do."""

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.delays)

    @property
    def rate(self) -> str:
        """Frames a second in the mean, as a fraction."""
        return f"{1000 * self.frames}/{sum(self.delays)}"

    def seen(self, notes: list[str]) -> Iterator[NDArray[np.uint8]]:
        """Every frame, uint8 (H, W, 3), on white. If they end early, there is a line in ``notes``."""
        with opened(lambda _: self.path.open("rb"), "") as image:
            for frame in islice(ImageSequence.Iterator(image), self.frames):
                white = Image.new("RGBA", frame.size, "white")
                yield np.asarray(Image.alpha_composite(white, frame.convert("RGBA")).convert("RGB"))
        if self.damage:
            notes.append(f"{self.path.name} is damaged ({self.damage}): {counted(self.frames, 'frame')} could be read")

    @contextmanager
    def writing(self, out: Path, size: tuple[int, int]) -> Iterator[IO[bytes]]:
        """Takes raw RGB frames of (height, width) that become ``out`` with these delays: whole, or not."""
        taken = io.BytesIO()
        yield taken
        pixels = np.frombuffer(taken.getbuffer(), np.uint8).reshape(-1, *size, 3).transpose(0, 3, 1, 2)
        first, *others = [to_picture(frame).quantize() for frame in pixels]
        told = {"duration": list(self.delays[: len(pixels)]), **({} if self.loop is None else {"loop": self.loop})}
        write_whole(out, lambda part: first.save(part, format="GIF", save_all=True, append_images=others, **told))


def open_animation(path: Path) -> Animation:
    """The delays of a GIF, and how far it can be read.

    Raises:
        GanvasError: not one frame can be.
    """
    delays: list[int] = []
    loop = damage = None
    try:
        with opened(lambda _: path.open("rb"), "") as image:
            loop = image.info.get("loop")
            for frame in ImageSequence.Iterator(image):
                frame.load()
                delays.append(int(frame.info.get("duration") or PAUSE))
    except Unreadable as error:
        damage = str(error)
    if not delays:
        raise GanvasError(f"{path}: not one frame can be read: {damage}")
    return Animation(path, tuple(delays), loop, damage)
