"""What a source holds, from the headers alone, and the one frame that its pictures are brought to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ganvas.data.fit import CONVERTIBLE, suggest_size
from ganvas.data.picture import Pictures, Unreadable
from ganvas.data.spec import DataSpec
from ganvas.errors import GanvasError


@dataclass
class Survey:
    """Counts over the readable headers, and the names of the others with the reason."""

    kept: list[int] = field(default_factory=list)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By (height, width) in pixels."""
    channels: Counter[int] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    transparent: int = 0
    skipped: dict[str, str] = field(default_factory=dict)


def survey(pictures: Pictures, indices: Iterable[int]) -> Survey:
    """Look at the header of each of these pictures."""
    seen = Survey()
    for index in indices:
        try:
            header = pictures.header(index)
        except Unreadable as reason:
            seen.skipped[pictures.names[index]] = str(reason)
            continue
        seen.kept.append(index)
        seen.sizes[header.height, header.width] += 1
        seen.channels[header.channels] += 1
        seen.modes[header.mode] += 1
        seen.formats[header.format] += 1
        seen.transparent += header.alpha
    return seen


def frame(seen: Survey, spec: DataSpec) -> tuple[int, tuple[int, int]]:
    """(channels, (height, width)) that all pictures get: as asked for, else what they share; grey beside colour is
    colour.

    Raises:
        GanvasError: sizes differ and none was asked for, or the channels cannot be converted.
    """
    channels = spec.channels or max(seen.channels)
    if any(have != channels and not {have, channels} <= set(CONVERTIBLE) for have in seen.channels):
        have = " and ".join(map(str, sorted(seen.channels)))
        raise GanvasError(f"{spec.source} has {have} channels, which cannot become {channels}; only 1, 3 and 4 convert")
    if spec.shape is None and len(seen.sizes) > 1:
        sizes, size = sizes_in_words(seen.sizes), suggest_size(seen.sizes)
        raise GanvasError(f"{spec.source} holds pictures of several sizes: {sizes}; use --size {size}")
    return channels, spec.shape or next(iter(seen.sizes))


def size_counts(sizes: Counter[tuple[int, int]], most: int = 50) -> dict[str, int]:
    """{'HEIGHTxWIDTH': pictures}, the most frequent first; beyond ``most`` the rest is one sum, 'others'."""
    counts = {f"{height}x{width}": count for (height, width), count in sizes.most_common(most)}
    others = sum(sizes.values()) - sum(counts.values())
    return counts | ({"others": others} if others else {})


def sizes_in_words(sizes: Counter[tuple[int, int]], shown: int = 3) -> str:
    """'200x200 (12), 100x80 (3) and 4 more', as height x width, the most frequent first."""
    first = ", ".join(f"{height}x{width} ({count:,})" for (height, width), count in sizes.most_common(shown))
    return first + (f" and {len(sizes) - shown:,} more" if len(sizes) > shown else "")
