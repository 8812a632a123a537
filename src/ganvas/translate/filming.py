"""Translating a film frame by frame, and how much more it flickers than before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ganvas.data.picture import Unreadable
from ganvas.errors import GanvasError
from ganvas.translate.animation import open_animation
from ganvas.translate.applied import Applied
from ganvas.translate.film import open_film
from ganvas.translate.photo import Photo, narrowed
from ganvas.translate.work import Job, OnPicture, Outcome


@dataclass(frozen=True)
class Filmed:
    """What became of a film."""

    frames: int
    size: tuple[int, int]
    """(height, width) of the result."""
    rate: str
    flicker: float | None
    """Mean absolute difference of neighbouring frames, in grey levels, of the result less that of the source: above 0
    it is more restless than it was. None for a single frame."""
    notes: tuple[str, ...]


def translate_films(
    jobs: Sequence[Job], place: Path, applied: Applied, outcome: Outcome, on_frame: OnPicture
) -> Iterator[tuple[str, Filmed]]:
    """One film after another, from the folder ``place``; what cannot be is written down and passed by.

    Yields:
        Each film's name, when it is written, and what became of it.
    """
    for job in jobs:
        try:
            made = translate_film(place / job.name, job.out, applied, on_frame)
        except GanvasError as error:
            outcome.failed.append(str(error))
        else:
            outcome.done += 1
            outcome.failed += made.notes
            yield job.name, made


def translate_film(path: Path, out: Path, applied: Applied, on_frame: OnPicture) -> Filmed:
    """Write the translated film: same rate (of a GIF the same delays), same sound; a frame that is the same again gives
    the same picture.

    Raises:
        GanvasError: no film, no ffmpeg, sources that are label maps, or it cannot be written.
    """
    if applied.names:
        raise GanvasError(f"{path}: this network translates label maps, and the frames of a film are pictures")
    if path.resolve() == out.resolve():
        raise GanvasError(f"--out {out} would write over the source; choose another place")
    gif = path.suffix.lower() == out.suffix.lower() == ".gif"
    film = open_animation(path) if gif else open_film(path)
    notes: list[str] = []
    before, after = Restlessness(), Restlessness()
    count, size, sink = 0, (0, 0), None
    with ExitStack() as stack:
        for count, frame in enumerate(film.seen(notes), start=1):
            result = _translated(applied, frame, path)
            if sink is None:
                size = (result.shape[0], result.shape[1])
                sink = stack.enter_context(film.writing(out, size))
            _put(sink, result)
            before.see(frame)
            after.see(result)
            on_frame(count, max(count, film.frames or 0))
    if not count:
        raise GanvasError(f"{path}: not one frame can be read{': ' if notes else ''}{' '.join(notes)}")
    flicker = None if after.mean is None or before.mean is None else after.mean - before.mean
    return Filmed(count, size, film.rate, flicker, tuple(notes))


class Restlessness:
    """Mean absolute difference of neighbouring frames, in grey levels."""

    def __init__(self) -> None:
        self.last: NDArray[np.int16] | None = None
        self.sum, self.count = 0.0, 0

    def see(self, frame: NDArray[np.uint8]) -> None:
        """The next frame (H, W, 3)."""
        now = frame.astype(np.int16)
        if self.last is not None:
            self.sum += float(np.abs(now - self.last).mean())
            self.count += 1
        self.last = now

    @property
    def mean(self) -> float | None:
        return self.sum / self.count if self.count else None


def _translated(applied: Applied, frame: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    try:
        pixels = narrowed(applied(Photo(frame))).pixels
    except Unreadable as error:
        raise GanvasError(f"{path}: a frame {error}") from error
    return np.ascontiguousarray(np.broadcast_to(pixels[..., :3], (*pixels.shape[:2], 3)), dtype=np.uint8)


def _put(sink: IO[bytes], frame: NDArray[np.uint8]) -> None:
    sink.write(frame.tobytes())
