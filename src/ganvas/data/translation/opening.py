"""From a `DataSpec` that translates to `Translations`: decoded once, both of a pair together."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ganvas.counted import counted
from ganvas.data import cache
from ganvas.data.dataset import MOST_SKIPPED_NAMED, Progress
from ganvas.data.decoding import BYTES_AT_ONCE, in_order
from ganvas.data.picture import Unreadable
from ganvas.data.shelf import Shelf
from ganvas.data.spec import DataSpec
from ganvas.data.survey import size_counts, sizes_in_words
from ganvas.data.translation.class_maps import IGNORED
from ganvas.data.translation.reshaping import FITS_IN_WORDS, Size
from ganvas.data.translation.tasks import Plan, Role, Task, decoded, left_out, plan
from ganvas.data.translation.translations import Translations
from ganvas.data.translation.tree import Tree, open_tree
from ganvas.errors import GanvasError
from ganvas.space import Source, Space

log = logging.getLogger("ganvas")
LAYOUT_VERSION = 2  # of the cache; raise it when the same files would decode to something else
ROLES: tuple[Role, Role] = ("images", "sources")
_DECODED_BY = {"channels", "limit", "direction", "size", "fit", "paired", "side_by_side"}


def open_translation(spec: DataSpec, on_progress: Progress | None = None) -> Translations:
    """Decode the pictures that ``spec`` describes, or find them decoded from an earlier time.

    ``on_progress(done, total)`` is called while decoding, in pairs, or pictures where there are none. A picture that
    cannot be read is left out together with its partner and named in the summary.

    Raises:
        GanvasError: no such data, folders that do not say what A and B are, nothing readable, class numbers out of
            range, several sizes and no crop, or a picture smaller than the crop.
    """
    tree = open_tree(spec.source)
    asked = spec.model_dump(mode="json", include=_DECODED_BY)
    readable = importlib.util.find_spec("tifffile") is not None  # else some TIFFs are left out
    entry = cache.entry_folder(["translation", LAYOUT_VERSION, tree.stamp, asked, readable])
    flat, facts, meta = cache.stored(entry, lambda file: _decode(tree, spec, file, on_progress))
    skipped = meta["summary"]["skipped"]
    if skipped:
        name, reason = next(iter(skipped.items()))
        log.warning("%s: %s left out, such as %s (%s)", tree.name, counted(len(skipped), "file"), name, reason)
    return _translations(flat, facts, meta, spec)


def _decode(tree: Tree, spec: DataSpec, file: IO[bytes], on_progress: Progress | None) -> cache.Facts:
    """Stream all pixels into ``file``; → (facts, meta)."""
    wanted = plan(tree, spec)
    written = _Written(file)

    def work(index: int) -> dict[Role, NDArray[Any]]:
        return decoded(tree, wanted, wanted.tasks[index])

    for done, (index, pictures) in enumerate(in_order(range(len(wanted.tasks)), work, BYTES_AT_ONCE), start=1):
        task = wanted.tasks[index]
        if isinstance(pictures, Unreadable):
            wanted.skipped.update(left_out(task, pictures))
        else:
            for role, pixels in pictures.items():
                written.add(role, task, pixels, counted=bool(wanted.classes) and role == "sources")
        if on_progress:
            on_progress(done, len(wanted.tasks))
    for role in ROLES if wanted.layout.kind != "pictures" else ROLES[:1]:
        if not any(not held for held in written.held[role]):
            raise _nothing_left(spec, wanted)
    return written.facts(), _meta(tree, spec, wanted, written)


class _Written:
    """Pixels on their way into one file, and where each picture begins."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.place, self.digest = file, 0, hashlib.sha256()
        self.names: dict[Role, list[str]] = {role: [] for role in ROLES}
        self.sizes: dict[Role, list[Size]] = {role: [] for role in ROLES}
        self.offsets: dict[Role, list[int]] = {role: [] for role in ROLES}
        self.held: dict[Role, list[bool]] = {role: [] for role in ROLES}
        self.values = np.zeros(256, np.int64)

    def add(self, role: Role, task: Task, pixels: NDArray[Any], counted: bool) -> None:
        """Append a picture (C, H, W); with ``counted`` count its values, as class numbers."""
        self.names[role].append(task.files[role].path)
        self.sizes[role].append((pixels.shape[1], pixels.shape[2]))
        self.offsets[role].append(self.place)
        self.held[role].append(task.held_out)
        self.digest.update(json.dumps([role, task.held_out, pixels.shape]).encode())
        self.digest.update(pixels.data)
        self.file.write(pixels.data)
        self.place += pixels.nbytes
        if counted:
            self.values += np.bincount(pixels.ravel(), minlength=256)

    def facts(self) -> dict[str, NDArray[Any]]:
        """All lists as arrays, `images_sizes` and so on."""
        return {
            f"{role}_{what}": np.array(values, kind).reshape(-1, *rest)
            for role in ROLES
            for what, values, kind, rest in (
                ("names", self.names[role], np.str_, ()),
                ("sizes", self.sizes[role], np.int64, (2,)),
                ("offsets", self.offsets[role], np.int64, ()),
                ("held", self.held[role], np.bool_, ()),
            )
        }


def _meta(tree: Tree, spec: DataSpec, wanted: Plan, written: _Written) -> dict[str, Any]:
    counted = {role: written.held[role] for role in ROLES}
    layout = wanted.layout
    summary = {
        "source": spec.source,
        "kind": layout.kind,
        "layout": layout.words,
        "direction": spec.direction,
        "count": counted["images"].count(False),
        "found": len(wanted.tasks),
        "held_out": counted["images"].count(True),
        "sources": counted["sources"].count(False),
        "limit": spec.limit,
        "sizes": size_counts(Counter(written.sizes["images"])),
        "source_sizes": size_counts(Counter(written.sizes["sources"])),
        "scale": wanted.scale,
        "resize": f"{FITS_IN_WORDS[spec.fit]}, antialiased bicubic (Pillow)" if spec.shape else FITS_IN_WORDS["none"],
        "bits": {role: 16 if wanted.deep[role] else 8 for role in ROLES},
        "unmatched_count": len(layout.unmatched),
        "unmatched": list(layout.unmatched[:MOST_SKIPPED_NAMED]),
        "classes": list(wanted.classes),
        "skipped_count": len(wanted.skipped),
        "skipped": dict(list(wanted.skipped.items())[:MOST_SKIPPED_NAMED]),
        "notes": [*wanted.notes, *_class_notes(wanted.classes, written.values)],
    }
    return {
        "shape": [written.place],
        "name": tree.name,
        "names": wanted.names,
        "paired": layout.paired,
        "channels": wanted.channels,
        "depth": {role: "uint16" if wanted.deep[role] else "uint8" for role in ROLES},
        "fingerprint": written.digest.hexdigest(),
        "summary": summary,
    }


def _class_notes(classes: Sequence[str], values: NDArray[np.int64]) -> Iterator[str]:
    if not classes:
        return
    unused = [name for name, count in zip(classes, values, strict=False) if not count]
    if unused:
        yield f"{len(unused)} of {len(classes)} classes occur nowhere: {', '.join(unused[:5])}"
    if len(classes) <= IGNORED and values[IGNORED]:
        share = values[IGNORED] / values.sum()
        yield f"{share:.1%} of the maps' pixels hold {IGNORED}, which is no class: all their channels are 0"


def _translations(
    flat: NDArray[np.uint8], facts: Mapping[str, Any], meta: Mapping[str, Any], spec: DataSpec
) -> Translations:
    shelves = {role: _shelves(flat, facts, meta, role) for role in ROLES}
    classes, scale = tuple(meta["summary"]["classes"]), meta["summary"]["scale"]
    has_sources = meta["summary"]["kind"] != "pictures"
    space = _space(meta, spec, shelves)
    for role in ROLES:
        for shelf in shelves[role]:
            shelf.must_hold(_of_role(role, (space.height, space.width), scale))

    def made(part: int, held_out: Translations | None) -> Translations:
        return Translations(
            images=shelves["images"][part],
            sources=shelves["sources"][part] if has_sources else None,
            paired=meta["paired"],
            space=space,
            name=meta["name"],
            names=tuple(meta["names"]),
            fingerprint=meta["fingerprint"],
            summary=dict(meta["summary"]) | {"space": str(space)},
            classes=len(classes),
            edges=spec.edges and bool(classes),
            scale=scale,
            held_out=held_out,
        )

    whole = all(len(shelves[role][1]) for role in (ROLES if has_sources else ROLES[:1]))
    return made(0, made(1, None) if whole else None)


def _shelves(
    flat: NDArray[np.uint8], facts: Mapping[str, Any], meta: Mapping[str, Any], role: Role
) -> tuple[Shelf, Shelf]:
    """(for training, held out)."""
    names, sizes, offsets = (facts[f"{role}_{what}"] for what in ("names", "sizes", "offsets"))
    both = Shelf(flat, names.tolist(), sizes, offsets, meta["channels"][role], meta["depth"][role])
    held = facts[f"{role}_held"]
    return both.part(np.flatnonzero(~held)), both.part(np.flatnonzero(held))


def _space(meta: Mapping[str, Any], spec: DataSpec, shelves: Mapping[Role, Sequence[Shelf]]) -> Space:
    """Of the windows: as asked for, else the size that all pictures share.

    Raises:
        GanvasError: sizes differ and no crop was asked for, or the crop does not go with the scale.
    """
    scale, classes = meta["summary"]["scale"], meta["summary"]["classes"]
    size = spec.window or _common_size(spec, shelves, scale)
    if any(side % scale for side in size):
        raise GanvasError(f"--crop {size[0]}x{size[1]} is no multiple of the scale of these pairs, {scale}")
    source = None
    if meta["summary"]["kind"] != "pictures":
        channels = len(classes) + spec.edges if classes else meta["channels"]["sources"]
        height, width = _of_role("sources", size, scale)
        source = Source(channels=channels, height=height, width=width, paired=meta["paired"], names=tuple(classes))
    return Space(channels=meta["channels"]["images"], height=size[0], width=size[1], source=source)


def _common_size(spec: DataSpec, shelves: Mapping[Role, Sequence[Shelf]], scale: int) -> Size:
    size = shelves["images"][0].size
    filled = [(role, shelf) for role in ROLES for shelf in shelves[role] if len(shelf)]
    if size and all(shelf.size == _of_role(role, size, scale) for role, shelf in filled):
        return size
    counts = Counter((int(h), int(w)) for role in ROLES for shelf in shelves[role] for h, w in shelf.sizes)
    least = min(min(sides) for sides in counts)
    raise GanvasError(
        f"{spec.source} holds pictures of several sizes: {sizes_in_words(counts)}; train on windows with --crop, "
        f"up to {least}, or bring them to one size with --size"
    )


def _of_role(role: Role, size: Size, scale: int) -> Size:
    """The size of sources that belong to targets of this size, or just this."""
    return (size[0] // scale, size[1] // scale) if role == "sources" else size


def _nothing_left(spec: DataSpec, wanted: Plan) -> GanvasError:
    if not wanted.skipped:
        return GanvasError(
            f"{spec.source} ({wanted.layout.words}) has no picture for training: is its train part there?"
        )
    name, reason = next(iter(wanted.skipped.items()))
    return GanvasError(f"none of the pictures in {spec.source} can be used, such as {name}: {reason}")
