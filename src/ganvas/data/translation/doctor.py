"""The data doctor for pictures to translate between: which layout, what matches, what does not, what to train."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ganvas.config import Config
from ganvas.data.annotations import DATASET_JSON
from ganvas.data.decoding import BYTES_AT_ONCE, in_order
from ganvas.data.full_depth import DeepHeader, deep_header
from ganvas.data.picture import Unreadable
from ganvas.data.spec import DataSpec
from ganvas.data.survey import size_counts
from ganvas.data.translation.layouts import Layout, names_its_sets, recognise
from ganvas.data.translation.tasks import File, Plan, Role, decoded, left_out, plan
from ganvas.data.translation.tree import Tree, open_tree
from ganvas.errors import GanvasError

MOST_NAMED = 20
SIDE = 256
WINDOW = 96
"""Sides of the windows that are trained on, at most, where small pictures have large partners."""
"""Pictures up to this size are suggested to be taken whole."""
_LOOKED_AT = 20
_PARTS = {False: "training", True: "held out"}
RECIPES: dict[str, tuple[str, str]] = {
    "side by side": ("pix2pix", "A and B are pairs"),
    "pairs": ("pix2pix", "A and B are pairs"),
    "class maps": ("pix2pix", "maps and pictures are pairs"),
    "scaled pairs": ("srresnet", "B is A, only larger"),
    "two sets": ("cyclegan", "A and B are sets of their own"),
}


class TranslationCheckup(Config):
    """What `ganvas inspect` found in a set to translate between; every field is plain JSON."""

    source: str
    kind: str
    layout: str
    """In words."""
    names: tuple[str, str]
    """What source and target are called."""
    direction: str | None
    paired: bool
    counts: dict[str, dict[str, int]]
    """'training' and 'held out' → files that can be used, by the name of their set."""
    sizes: dict[str, dict[str, int]]
    """By the name of the set: 'HEIGHTxWIDTH' → files, the most frequent first."""
    scale: int
    bits: dict[str, int]
    unmatched: tuple[str, ...]
    """Files without a partner, the first ones."""
    unmatched_count: int
    unreadable: dict[str, str]
    """Name → why it and its partner are left out, the first ones."""
    unreadable_count: int
    classes: tuple[str, ...]
    out_of_range: tuple[str, ...]
    """What is wrong with maps whose values are no class, the first ones."""
    out_of_range_count: int
    too_small: tuple[str, ...]
    """Pictures smaller than the crop, the first ones."""
    too_small_count: int
    leaks: tuple[tuple[str, ...], ...]
    """Groups of files with the same pixels, some for training and some held out; the first ones."""
    leaks_count: int
    recipe: str | None
    recipe_reason: str
    command: str | None
    """What to type next."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def recognised(spec: DataSpec) -> DataSpec | None:
    """The spec, with a direction, if its folders alone say that these are pictures to translate between; else None.

    Two folders could also be two classes: they count only when called A and B, or when nearly every name is in both and
    no labels lie beside them.
    """
    if spec.translates or spec.labels is not None:
        return spec if spec.translates else None
    try:
        tree = open_tree(spec.source)
        layout = recognise(tree.pictures, spec.source)
    except GanvasError:
        return None
    return spec.but(direction="AtoB") if _says_so(tree, layout) else None


def inspect_translation(spec: DataSpec, on_progress: Callable[[int, int], None] | None = None) -> TranslationCheckup:
    """Open every picture that ``spec`` describes and report; nothing is kept.

    Raises:
        GanvasError: there is no such data, or its folders do not say what A and B are.
    """
    tree = open_tree(spec.source)
    wanted = plan(tree, spec)
    seen = _look_at_all(tree, wanted, on_progress)
    layout, (source, target) = wanted.layout, wanted.names
    by_role: dict[Role, str] = {"sources": source, "images": target}
    sizes = {role: Counter(header.size for _, header in _of(wanted, role)) for role in by_role}
    small = list(_too_small(wanted))
    recipe, reason = RECIPES.get(layout.kind, (None, "pictures without anything to translate from"))
    return TranslationCheckup(
        source=spec.source,
        kind=layout.kind,
        layout=layout.words,
        names=wanted.names,
        direction=spec.direction,
        paired=layout.paired,
        counts={
            part: {name: seen.used[role, held] for role, name in by_role.items() if sizes[role]}
            for held, part in _PARTS.items()
        },
        sizes={name: size_counts(sizes[role]) for role, name in by_role.items() if sizes[role]},
        scale=wanted.scale,
        bits={name: 16 if wanted.deep[role] else 8 for role, name in by_role.items() if sizes[role]},
        unmatched=layout.unmatched[:MOST_NAMED],
        unmatched_count=len(layout.unmatched),
        unreadable=dict(list(wanted.skipped.items())[:MOST_NAMED]),
        unreadable_count=len(wanted.skipped),
        classes=wanted.classes,
        out_of_range=tuple(seen.out_of_range[:MOST_NAMED]),
        out_of_range_count=len(seen.out_of_range),
        too_small=tuple(small[:MOST_NAMED]),
        too_small_count=len(small),
        leaks=tuple(seen.leaks[:MOST_NAMED]),
        leaks_count=len(seen.leaks),
        recipe=recipe,
        recipe_reason=reason,
        command=_command(recipe, _sized(spec, wanted)) if recipe else None,
        warnings=tuple(_warnings(wanted, seen, small)),
        notes=tuple(wanted.notes),
    )


@dataclass
class _Seen:
    """What decoding everything showed."""

    used: Counter[tuple[Role, bool]] = field(default_factory=Counter)
    """By role and whether held out."""
    out_of_range: list[str] = field(default_factory=list)
    by_pixels: dict[tuple[Role, bytes], list[tuple[str, bool]]] = field(default_factory=dict)

    @property
    def leaks(self) -> list[tuple[str, ...]]:
        """Files with the same pixels on both sides of training and held out."""
        groups = [group for group in self.by_pixels.values() if len({held for _, held in group}) == 2]
        return [tuple(name for name, _ in group) for group in groups]


def _says_so(tree: Tree, layout: Layout) -> bool:
    if layout.kind == "side by side":
        return all(_is_double(tree, path) for path in layout.train[0][:_LOOKED_AT])
    if layout.kind in ("class maps", "scaled pairs") or names_its_sets(tree.pictures):
        return True
    labelled = any(name.endswith(DATASET_JSON) for name in tree.names)
    return layout.paired and not labelled and 10 * layout.alike[0] >= 9 * layout.alike[1]


def _is_double(tree: Tree, path: str) -> bool:
    try:
        height, width = deep_header(tree.open_file, path).size
    except Unreadable:
        return True
    return width == 2 * height


def _look_at_all(tree: Tree, wanted: Plan, on_progress: Callable[[int, int], None] | None) -> _Seen:
    seen = _Seen()

    def work(index: int) -> dict[Role, bytes] | str:
        try:
            pictures = decoded(tree, wanted, wanted.tasks[index])
        except GanvasError as error:  # a class number out of range: the next map may be as well
            return str(error)
        return {role: hashlib.blake2b(pixels.data, digest_size=16).digest() for role, pixels in pictures.items()}

    for done, (index, found) in enumerate(in_order(range(len(wanted.tasks)), work, BYTES_AT_ONCE), start=1):
        task = wanted.tasks[index]
        match found:
            case Unreadable():
                wanted.skipped.update(left_out(task, found))
            case str():
                seen.out_of_range.append(found)
            case _:
                for role, digest in found.items():
                    seen.used[role, task.held_out] += 1
                    names = seen.by_pixels.setdefault((role, digest), [])
                    names.append((task.files[role].path, task.held_out))
        if on_progress:
            on_progress(done, len(wanted.tasks))
    return seen


def _of(wanted: Plan, role: Role) -> Iterator[tuple[File, DeepHeader]]:
    files = [task.files[role] for task in wanted.tasks if role in task.files]
    return ((file, wanted.headers[file]) for file in files)


def _too_small(wanted: Plan) -> Iterator[str]:
    """Targets and unpaired sources that a window of the crop does not fit into."""
    crop = wanted.spec.window
    if crop is None or wanted.spec.shape is not None:
        return
    roles: Sequence[Role] = ("images",) if wanted.layout.paired else ("images", "sources")
    for role in roles:
        for file, header in _of(wanted, role):
            if header.height < crop[0] or header.width < crop[1]:
                yield f"{file.path} ({header.height}x{header.width})"


def _warnings(wanted: Plan, seen: _Seen, small: Sequence[str]) -> Iterator[str]:
    layout, (both, least) = wanted.layout, wanted.layout.alike
    if layout.unmatched:
        yield f"{len(layout.unmatched):,} files have no partner, such as {layout.unmatched[0]}"
    if wanted.skipped:
        yield f"{len(wanted.skipped):,} files cannot be used and are left out, with their partners"
    if seen.out_of_range:
        yield f"{len(seen.out_of_range):,} maps hold values that are no class: {seen.out_of_range[0]}"
    if small:
        yield f"{len(small):,} pictures are smaller than the crop, such as {small[0]}"
    if seen.leaks:
        same = " = ".join(seen.leaks[0][:3])
        yield f"{len(seen.leaks):,} pictures are both for training and held out, such as {same}"
    if layout.kind == "two sets" and both and 2 * both >= least:
        yield f"{both:,} of {least:,} names are in both sets: if they are pairs, use --paired and pix2pix"
    if layout.kind == "pairs" and both < least:
        yield f"{both:,} of {least:,} names are in both sets: if they are no pairs, use --unpaired and cyclegan"


def _command(recipe: str, spec: DataSpec) -> str:
    words = ["ganvas", "train", recipe, "--data", spec.source, "--direction", spec.direction or "AtoB"]
    for option, value in (("--size", spec.size), ("--crop", spec.crop), ("--limit", spec.limit)):
        if value is not None:
            words += [option, "x".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    words += [] if spec.paired is None else ["--paired" if spec.paired else "--unpaired"]
    return shlex.join([*words, *["--side-by-side"] * spec.side_by_side])


def _sized(spec: DataSpec, wanted: Plan) -> DataSpec:
    """With a size to train at, where the user names none and the recipe's own would not suit: small pictures of one
    size stay as they are, and of small ones beside large ones windows are cut."""
    if spec.size is not None or spec.crop is not None:
        return spec
    sizes = Counter(header.size for _, header in _of(wanted, "images"))
    if wanted.layout.kind == "scaled pairs" and sizes:
        smallest = min(min(size) for size in sizes)
        return spec.but(crop=max(1, min(WINDOW, smallest) // wanted.scale) * wanted.scale)
    if len(sizes) == 1 and max(only := next(iter(sizes))) <= SIDE and only != (SIDE, SIDE):
        return spec.but(size=only[0] if only[0] == only[1] else only)
    return spec


def advised(spec: DataSpec) -> tuple[str, str, DataSpec] | None:
    """(recipe, reason, the spec with direction and size) for data whose folders alone say that they are to be
    translated; None for any other. Headers are read, pictures are not."""
    told = recognised(spec)
    if told is None or told.direction is None:
        return None
    wanted = plan(open_tree(told.source), told)
    name, reason = RECIPES.get(wanted.layout.kind, (None, ""))
    return (name, reason, _sized(told, wanted)) if name else None


def sized(spec: DataSpec) -> DataSpec:
    """The spec with a size that suits its pictures; see `advised`."""
    return _sized(spec, plan(open_tree(spec.source), spec))
