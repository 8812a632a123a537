"""The data doctor: what is in a source, what is wrong with it, and what to train on it with."""

from __future__ import annotations

import hashlib
import math
import shlex
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganvas.config import Config
from ganvas.data.catalogue import locate
from ganvas.data.decoding import in_order, spread
from ganvas.data.fit import suggest_size
from ganvas.data.picture import Unreadable
from ganvas.data.source import Labels, Source
from ganvas.data.spec import DataSpec
from ganvas.data.survey import Survey, frame, size_counts, sizes_in_words, survey
from ganvas.errors import GanvasError
from ganvas.space import Classes, Space

SPRINT_SIDE = 32
FEW_PICTURES = 10_000
"""Below this DiffAugment is on by default: the discriminator would learn the pictures by heart."""
CPU_SIDE, GPU_SIDE = 32, 256
"""Larger pictures than these are suggested to be scaled down at first."""
UNEVEN = 10
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
    memory_mib: float
    """Of the decoded uint8 pictures (on the disk, mapped), at the suggested size where sizes differ."""
    suggested_size: int | None
    """What to give as `--size`, where one is needed or wise."""
    recipe: str
    recipe_reason: str
    command: str
    """What to type next."""
    time: str
    """Rough training time, in words."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def suggest_recipe(space: Space, has_gpu: bool) -> tuple[str, str]:
    """(recipe, reason) for pictures of that space: `sprint` up to 32 pixels without a GPU, else `r3gan`."""
    size = f"{space.height}x{space.width}"
    if has_gpu:
        return "r3gan", "there is a GPU, and it is the strongest baseline"
    if max(space.height, space.width) <= SPRINT_SIDE:
        return "sprint", f"{size} pictures and no GPU: it is made for up to {SPRINT_SIDE} pixels"
    return "r3gan", (
        f"{size} is over the {SPRINT_SIDE} pixels that sprint is made for; "
        f"without a GPU this takes days, --size {SPRINT_SIDE} takes minutes"
    )


def inspect_data(
    spec: DataSpec, has_gpu: bool = False, on_progress: Callable[[int, int], None] | None = None
) -> Checkup:
    """Open every picture that ``spec`` describes and report; nothing is kept.

    ``on_progress(done, total)`` is called in pictures.

    Raises:
        GanvasError: there is no such data, or nothing in it that can be looked at.
    """
    source, spec, warnings = _opened(spec)
    chosen = spread(len(source.pictures.names), spec.limit)
    seen = survey(source.pictures, map(int, chosen))
    readable, groups = _look_at_all(source, seen, on_progress)
    if not readable:
        name, reason = next(iter(seen.skipped.items()))
        raise GanvasError(
            f"none of the {len(chosen):,} pictures in {spec.source} can be read, such as {name}: {reason}"
        )
    rule, labels = source.chosen_labels(spec.labels)
    space = _space(spec, seen, labels)
    warnings += [*_label_warnings(rule, labels, readable), *_picture_warnings(seen, groups)]
    return Checkup(
        source=spec.source,
        kind=source.kind,
        found=len(chosen),
        readable=len(readable),
        **_pictures_part(seen, groups),
        **_labels_part(source, rule, labels, readable),
        **_advice_part(spec, seen, space, len(readable), has_gpu),
        warnings=tuple(warnings),
        notes=(*source.notes, *_two_folders(rule, labels), *_advice_on(len(readable))),
    )


def _advice_on(count: int) -> list[str]:
    return [f"under {FEW_PICTURES:,} pictures: DiffAugment will be on"] if count < FEW_PICTURES else []


def _two_folders(rule: str | None, labels: Labels | None) -> list[str]:
    if rule != "folders" or labels is None or len(labels.names) != 2:
        return []
    return [f"two folders: classes, or to translate {labels.names[0]} into {labels.names[1]} with --direction AtoB"]


def _opened(spec: DataSpec) -> tuple[Source, DataSpec, list[str]]:
    """The source; where only its labels are broken, without them and with a warning."""
    try:
        source = locate(spec.source, spec.labels).open()
        source.chosen_labels(spec.labels)
        return source, spec, []
    except GanvasError as error:
        if spec.labels is not None or "--labels none" not in str(error):
            raise
        return locate(spec.source, "none").open(), spec.but(labels="none"), [str(error)]


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


def _space(spec: DataSpec, seen: Survey, labels: Labels | None) -> Space | None:
    """What would be trained on; None while no one frame fits."""
    try:
        channels, (height, width) = frame(seen, spec)
    except GanvasError:
        return None
    condition = Classes(names=labels.names) if labels is not None and labels.used > 1 else None
    return Space(channels=channels, height=height, width=width, condition=condition)


def _pictures_part(seen: Survey, groups: list[list[str]]) -> dict[str, Any]:
    return {
        "unreadable": dict(list(seen.skipped.items())[:MOST_NAMED]),
        "unreadable_count": len(seen.skipped),
        "formats": dict(seen.formats.most_common()),
        "modes": dict(seen.modes.most_common()),
        "sizes": size_counts(seen.sizes),
        "channels": {str(channels): count for channels, count in sorted(seen.channels.items())},
        "transparent": seen.transparent,
        "duplicates": tuple(tuple(group[:MOST_NAMED]) for group in groups[:MOST_NAMED]),
        "duplicates_count": sum(len(group) - 1 for group in groups),
    }


def _labels_part(source: Source, rule: str | None, labels: Labels | None, readable: list[int]) -> dict[str, Any]:
    index = labels.index[readable] if labels is not None else np.zeros(0, np.int64)
    names = labels.names if labels is not None else ()
    missing = [source.pictures.names[i] for i, label in zip(readable, index, strict=False) if label < 0]
    return {
        "labels": rule,
        "other_labels": tuple(name for name in dict.fromkeys([*source.labels, *source.attributes]) if name != rule),
        "classes": dict(zip(names, np.bincount(index[index >= 0], minlength=len(names)).tolist(), strict=True)),
        "missing_labels": tuple(missing[:MOST_NAMED]),
        "missing_labels_count": len(missing),
        "attributes": {name: _in_words(values[readable]) for name, values in source.attributes.items()},
    }


def _advice_part(spec: DataSpec, seen: Survey, space: Space | None, count: int, has_gpu: bool) -> dict[str, Any]:
    size = _wise_size(spec, seen, has_gpu)
    future = space
    if size is not None or future is None:
        future = Space(channels=max(seen.channels), height=size or CPU_SIDE, width=size or CPU_SIDE)
    recipe, reason = suggest_recipe(future, has_gpu)
    return {
        "space": str(space) if space else None,
        "memory_mib": round(count * math.prod(future.shape) / 2**20, 1),
        "suggested_size": size,
        "recipe": recipe,
        "recipe_reason": reason,
        "command": _command(recipe, spec, size),
        "time": _time(recipe, future, has_gpu),
    }


def _wise_size(spec: DataSpec, seen: Survey, has_gpu: bool) -> int | None:
    """A `--size` where sizes differ, are not square, or are more than the machine trains in good time."""
    most = GPU_SIDE if has_gpu else CPU_SIDE
    (height, width), _ = seen.sizes.most_common(1)[0]
    fits = len(seen.sizes) == 1 and height == width and height <= most
    return None if spec.shape is not None or fits else suggest_size(seen.sizes, most)


def _command(recipe: str, spec: DataSpec, size: int | None) -> str:
    words = ["ganvas", "train", recipe, "--data", spec.source]
    for option, value in (("--size", size or spec.size), ("--limit", spec.limit), ("--labels", spec.labels)):
        if value is not None:
            words += [option, "x".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    return shlex.join(words)


def _time(recipe: str, space: Space, has_gpu: bool) -> str:
    if recipe != "sprint" or has_gpu:
        return "not estimated: `ganvas train --dry-run` tells, and `--minutes` holds to a time"
    rate = SPRINT_IMAGES_PER_SECOND * 28**2 / (space.height * space.width)
    minutes = 1_000_000 / rate / 60
    return f"about {minutes:.0f} minutes for a million images on two CPU cores (an estimate: {rate:.0f} images/s)"


def _label_warnings(rule: str | None, labels: Labels | None, readable: list[int]) -> Iterator[str]:
    if labels is None:
        return
    index = labels.index[readable]
    without, used = int((index < 0).sum()), np.unique(index[index >= 0])
    if without:
        yield f"{without:,} of {len(readable):,} pictures have no label by {rule}: label them or use --labels none"
    if len(used) == 1:
        only = labels.names[used[0]]
        yield f"all labels by {rule} are '{only}', which is no choice: there will be no classes. Was it meant so?"
    empty = [name for k, name in enumerate(labels.names) if k not in used]
    if empty and len(used) > 1:
        yield f"{len(empty)} of {len(labels.names)} classes have no picture: {', '.join(empty[:5])}"
    counts = np.bincount(index[index >= 0])
    if len(used) > 1 and counts.max() > UNEVEN * counts[used].min():
        rare = labels.names[used[counts[used].argmin()]]
        yield f"the classes are uneven: the largest has {counts.max():,} pictures, '{rare}' has {counts[used].min():,}"


def _picture_warnings(seen: Survey, groups: list[list[str]]) -> Iterator[str]:
    if seen.skipped:
        yield f"{len(seen.skipped):,} files cannot be read and will be skipped"
    if len(seen.sizes) > 1:
        yield f"sizes differ: {sizes_in_words(seen.sizes)}"
    if groups:
        copies = sum(len(group) - 1 for group in groups)
        yield f"{copies:,} pictures are exact copies of others, such as {' = '.join(groups[0][:3])}"


def _in_words(values: NDArray[Any]) -> str:
    """'1 … 116', or '7 different, such as a, b, c'."""
    if values.dtype.kind == "U":
        distinct = sorted(set(values.tolist()) - {""})
        return f"{len(distinct):,} different, such as {', '.join(distinct[:3])}"
    known = values[~np.isnan(values)] if values.dtype.kind == "f" else values
    unknown = f", {len(values) - len(known):,} unknown" if len(known) < len(values) else ""
    return f"{known.min():g} … {known.max():g}{unknown}" if len(known) else "all unknown"
