"""Pictures ready for training: decoded once into a uint8 memory map that later runs reuse."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganvas.data import cache
from ganvas.data.catalogue import locate
from ganvas.data.decoding import in_order, spread
from ganvas.data.fit import RESIZE_IN_WORDS, fit
from ganvas.data.held_out import View, hold_out
from ganvas.data.picture import Unreadable
from ganvas.data.source import Labels, Source
from ganvas.data.spec import DataSpec
from ganvas.data.survey import Survey, frame, size_counts, survey
from ganvas.errors import GanvasError
from ganvas.space import Classes, Space

log = logging.getLogger("ganvas")
LAYOUT_VERSION = 1  # of the cache; raise it when the same files would decode to something else
MOST_SKIPPED_NAMED = 100
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Dataset:
    """Decoded pictures and what is known about each."""

    images: NDArray[np.uint8]
    """(N, C, H, W), read-only; lies on the disk, so that only what is looked at takes memory."""
    labels: NDArray[np.int64] | None
    """(N,), into the names of ``space.condition``."""
    attributes: Mapping[str, NDArray[Any]]
    """Name → (N,) int64, float64 (NaN = unknown) or text ('' = unknown)."""
    space: Space
    name: str
    fingerprint: str
    """SHA-256 of pixels, labels and attributes: the same on every machine that decodes the same."""
    summary: dict[str, Any]
    """JSON-able: source, counts, sizes, resize filter in words, classes, skipped files with the reason, notes."""

    def __len__(self) -> int:
        return len(self.images)

    def divided(self) -> tuple[View, View]:
        """(for training, held out); see `hold_out`."""
        return hold_out(self)

    @property
    def benchmark(self) -> str | None:
        """What the field measures on just these data, by its name in `ganvas.evaluate.benchmarks`."""
        return self.summary.get("benchmark")


def open_data(spec: DataSpec, on_progress: Progress | None = None) -> Dataset:
    """Decode the pictures that ``spec`` describes, or find them decoded from an earlier time.

    ``on_progress(done, total)`` is called while decoding, in pictures.

    Raises:
        GanvasError: no such data, nothing readable in it, several sizes and none asked for, labels that do not fit, or
            a ``spec`` that ``translates``.
    """
    if spec.translates:
        raise GanvasError(f"{spec.source}: direction and crop are for recipes that translate; leave them out")
    place = locate(spec.source, spec.labels)
    asked = spec.model_dump(mode="json", include={"channels", "limit", "labels"})
    entry = cache.entry_folder([LAYOUT_VERSION, place.stamp, asked, spec.shape])
    return _dataset(*cache.stored(entry, lambda file: _decode(place.open(), spec, file, on_progress)))


def _dataset(images: NDArray[np.uint8], facts: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Dataset:
    skipped = meta["summary"]["skipped"]
    if skipped:
        name, reason = next(iter(skipped.items()))
        count = meta["summary"]["skipped_count"]
        log.warning("%s: %d unreadable files were skipped, such as %s (%s)", meta["name"], count, name, reason)
    attributes = {name: facts[f"attribute_{k}"] for k, name in enumerate(meta["attributes"])}
    space = Space.model_validate(meta["space"])
    return Dataset(
        images, facts.get("labels"), attributes, space, meta["name"], meta["fingerprint"], dict(meta["summary"])
    )


def _decode(source: Source, spec: DataSpec, file: IO[bytes], on_progress: Progress | None) -> cache.Facts:
    """Stream the pixels into ``file``; → (facts, meta) as `cache.finish` takes them."""
    chosen = spread(len(source.pictures.names), spec.limit)
    seen = survey(source.pictures, map(int, chosen))
    if not seen.kept:
        raise _nothing_left(spec, seen.skipped)
    channels, size = frame(seen, spec)
    rule, labels, notes = _usable_labels(source, spec, seen.kept)
    kept, digest = _stream(source, seen, channels, size, file, on_progress)
    if not kept:
        raise _nothing_left(spec, seen.skipped)
    facts = {f"attribute_{k}": values[kept] for k, values in enumerate(source.attributes.values())}
    if labels is not None:
        facts["labels"] = labels.index[kept]
    condition = Classes(names=labels.names) if labels is not None else None
    space = Space(channels=channels, height=size[0], width=size[1], condition=condition)
    _digest_facts(digest, space, facts, list(source.attributes))
    summary = _summary(source, spec, seen, space, rule, facts, len(kept)) | {"notes": [*source.notes, *notes]}
    return facts, {
        "shape": [len(kept), *space.shape],
        "name": source.name,
        "space": space.model_dump(mode="json"),
        "attributes": list(source.attributes),
        "fingerprint": digest.hexdigest(),
        "summary": summary,
    }


def _stream(
    source: Source, seen: Survey, channels: int, size: tuple[int, int], file: IO[bytes], on_progress: Progress | None
) -> tuple[list[int], Any]:
    """Write all pixels; → (positions of the pictures that could be decoded, hash of the pixels)."""
    digest, kept = hashlib.sha256(), []

    def work(index: int) -> NDArray[np.uint8]:
        return fit(source.pictures.read(index), channels, size)

    height, width = max(seen.sizes, key=lambda sides: sides[0] * sides[1])
    for done, (index, image) in enumerate(in_order(seen.kept, work, height * width * 4), start=1):
        if isinstance(image, Unreadable):
            seen.skipped[source.pictures.names[index]] = str(image)
        else:
            kept.append(index)
            digest.update(image.data)
            file.write(image.data)
        if on_progress:
            on_progress(done, len(seen.kept))
    return kept, digest


def _usable_labels(source: Source, spec: DataSpec, kept: list[int]) -> tuple[str | None, Labels | None, list[str]]:
    """(rule, labels, notes); one class is no choice, so it counts as none."""
    rule, labels = source.chosen_labels(spec.labels)
    if labels is None:
        return None, None, []
    missing = [index for index in kept if labels.index[index] < 0]
    if missing:
        first = source.pictures.names[missing[0]]
        raise GanvasError(
            f"{spec.source}: {len(missing):,} of {len(kept):,} pictures have no label by {rule} (first: {first}); "
            "label them or use --labels none"
        )
    if labels.used < 2:
        only = labels.names[labels.index[0]]
        return None, None, [f"all labels by {rule} are '{only}': one class is no choice, so there are no classes"]
    return rule, labels, []


def _digest_facts(digest: Any, space: Space, facts: Mapping[str, NDArray[Any]], attributes: list[str]) -> None:
    digest.update(json.dumps([space.model_dump(mode="json"), attributes]).encode())
    for values in facts.values():
        digest.update(json.dumps(values.tolist()).encode() if values.dtype.kind == "U" else values.tobytes())


def _summary(
    source: Source, spec: DataSpec, seen: Survey, space: Space, rule: str | None, facts: Mapping[str, Any], count: int
) -> dict[str, Any]:
    names = space.condition.names if isinstance(space.condition, Classes) else ()
    counts = np.bincount(facts["labels"], minlength=len(names)).tolist() if names else []
    untouched = set(seen.sizes) == {(space.height, space.width)}
    return {
        "source": spec.source,
        "kind": source.kind,
        "count": count,
        "found": len(source.pictures.names),
        "limit": spec.limit,
        "space": str(space),
        "sizes": size_counts(seen.sizes),
        "resize": "none: all pictures have this size" if untouched else RESIZE_IN_WORDS,
        "modes": dict(seen.modes.most_common()),
        "formats": dict(seen.formats.most_common()),
        "opacity": "laid on white" if seen.transparent and space.channels != 4 else None,
        "labels": rule,
        "classes": dict(zip(names, counts, strict=True)),
        "attributes": list(source.attributes),
        "benchmark": source.benchmark,
        "skipped_count": len(seen.skipped),
        "skipped": dict(list(seen.skipped.items())[:MOST_SKIPPED_NAMED]),
    }


def _nothing_left(spec: DataSpec, skipped: Mapping[str, str]) -> GanvasError:
    name, reason = next(iter(skipped.items()))
    return GanvasError(f"none of the {len(skipped):,} pictures in {spec.source} can be read, such as {name}: {reason}")
