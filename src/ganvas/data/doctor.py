"""The data doctor: what is in a source, what is wrong with it, and what to train on it with."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from pydantic import Field

from ganvas.config import Config
from ganvas.data.catalogue import locate
from ganvas.data.decoding import in_order, spread
from ganvas.data.fit import suggest_size
from ganvas.data.picture import Unreadable
from ganvas.data.source import Labels, Source
from ganvas.data.spec import DataSpec
from ganvas.data.survey import Survey, frame, sizes_in_words, survey
from ganvas.errors import GanvasError
from ganvas.space import Classes, Space

SPRINT_SIDE = 32
FEW_PICTURES = 10_000
"""Below this DiffAugment is on by default: the discriminator would learn the pictures by heart."""
CPU_SIDE = 64
MOST_NAMED = 20
SPRINT_IMAGES_PER_SECOND = 900.0
"""An estimate for 28 x 28 on two CPU cores; it falls with the number of pixels."""


class Checkup(Config):
    """What `ganvas inspect` found; every field is plain JSON."""

    source: str
    kind: str
    found: int
    """Files, or rows of an array, looked at."""
    readable: int
    unreadable: dict[str, str]
    """Name → reason, the first ones."""
    unreadable_count: int
    formats: dict[str, int]
    modes: dict[str, int]
    sizes: dict[str, int]
    """'HEIGHTxWIDTH' → pictures, the most frequent first."""
    channels: dict[str, int]
    transparent: int
    labels: str | None
    """The rule or column that gives the classes."""
    other_labels: tuple[str, ...]
    """What else `--labels` would take."""
    classes: dict[str, int]
    missing_labels: tuple[str, ...]
    """Pictures without a class, the first ones."""
    missing_labels_count: int
    attributes: dict[str, str]
    """Name → its range or how many values it has, in words."""
    duplicates: tuple[tuple[str, ...], ...]
    """Groups of pictures with the same pixels, the first ones."""
    duplicates_count: int
    """Pictures that could go without loss: the members of all groups but one each."""
    space: str | None
    """What would be trained on; None while sizes differ."""
    memory_mib: float | None
    """Of the decoded uint8 pictures (on the disk, mapped)."""
    suggested_size: int | None
    """What to give as `--size`, where one is needed or wise."""
    recipe: str
    recipe_reason: str
    time: str
    """Rough training time, in words."""
    warnings: tuple[str, ...] = Field(default=())
    notes: tuple[str, ...] = Field(default=())


def suggest_recipe(space: Space, count: int, has_gpu: bool) -> tuple[str, str]:
    """(recipe, reason) for ``count`` pictures of that space: `sprint` up to 32 pixels without a GPU, else `r3gan`."""
    side = max(space.height, space.width)
    few = f"; under {FEW_PICTURES:,} pictures, so DiffAugment is on" if count < FEW_PICTURES else ""
    if has_gpu:
        return "r3gan", f"there is a GPU, and it is the strongest baseline{few}"
    if side <= SPRINT_SIDE:
        return "sprint", f"{space.height}x{space.width} pictures and no GPU: it is made for up to {SPRINT_SIDE} pixels{few}"
    return "r3gan", f"{space.height}x{space.width} is over the {SPRINT_SIDE} pixels that sprint is made for{few}"


def inspect_data(
    spec: DataSpec, has_gpu: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Checkup:
    """Open every picture that ``spec`` describes and report; nothing is kept.

    Raises:
        GanvasError: there is no such data, or nothing in it that can be looked at.
    """
    source, warnings = _opened(spec)
    chosen = spread(len(source.pictures.names), spec.limit)
    seen = survey(source.pictures, map(int, chosen))
    readable, groups = _look_at_all(source, seen, on_progress)
    if not readable:
        first = next(iter(seen.skipped.items()))
        raise GanvasError(f"none of the {len(chosen):,} pictures in {spec.source} can be read, such as {first[0]}: {first[1]}")
    rule, labels = source.chosen_labels(spec.labels)
    space = _space(spec, seen, labels)
    warnings += [*_label_warnings(labels, rule, readable), *_picture_warnings(seen, groups, space)]
    recipe, reason = suggest_recipe(space or _suggested_space(seen), len(readable), has_gpu)
    missing = [source.pictures.names[i] for i in readable if labels is not None and labels.index[i] < 0]
    return Checkup(
        source=spec.source,
        kind=source.kind,
        found=len(chosen),
        readable=len(readable),
        unreadable=dict(list(seen.skipped.items())[:MOST_NAMED]),
        unreadable_count=len(seen.skipped),
        formats=dict(seen.formats.most_common()),
        modes=dict(seen.modes.most_common()),
        sizes={f"{height}x{width}": count for (height, width), count in seen.sizes.most_common()},
        channels={str(channels): count for channels, count in sorted(seen.channels.items())},
        transparent=seen.transparent,
        labels=rule,
        other_labels=tuple(name for name in (*source.labels, *source.attributes) if name != rule),
        classes=_class_counts(labels, readable),
        missing_labels=tuple(missing[:MOST_NAMED]),
        missing_labels_count=len(missing),
        attributes={name: _in_words(values[readable]) for name, values in source.attributes.items()},
        duplicates=tuple(tuple(group[:MOST_NAMED]) for group in groups[:MOST_NAMED]),
        duplicates_count=sum(len(group) - 1 for group in groups),
        space=str(space) if space else None,
        memory_mib=round(len(readable) * space.channels * space.height * space.width / 2**20, 1) if space else None,
        suggested_size=_wise_size(spec, seen, has_gpu),
        recipe=recipe,
        recipe_reason=reason,
        time=_time(recipe, space),
        warnings=tuple(warnings),
        notes=source.notes,
    )


def _opened(spec: DataSpec) -> tuple[Source, list[str]]:
    """The source; where only its label files are broken, without them and with a warning."""
    try:
        source = locate(spec.source, spec.labels).open()
        source.chosen_labels(spec.labels)
        return source, []
    except GanvasError as error:
        if "--labels none" not in str(error):
            raise
        return locate(spec.source, "none").open(), [str(error)]


def _look_at_all(
    source: Source, seen: Survey, on_progress: Callable[[int, int], None] | None
) -> tuple[list[int], list[list[str]]]:
    """Decode all; → (positions of the readable, groups of names with the same pixels). Failures go to ``seen``."""
    readable: list[int] = []
    by_pixels: dict[bytes, list[int]] = {}

    def work(index: int) -> bytes:
        picture = source.pictures.read(index)
        shape = repr(picture.pixels.shape).encode()
        return hashlib.blake2b(shape + picture.pixels.tobytes(), digest_size=16).digest()

    largest = max((height * width for height, width in seen.sizes), default=1)
    for done, (index, digest) in enumerate(in_order(seen.kept, work, largest * 4), start=1):
        if isinstance(digest, Unreadable):
            seen.skipped[source.pictures.names[index]] = str(digest)
        else:
            readable.append(index)
            by_pixels.setdefault(digest, []).append(index)
        if on_progress:
            on_progress(done, len(seen.kept))
    groups = [[source.pictures.names[i] for i in group] for group in by_pixels.values() if len(group) > 1]
    return readable, groups
