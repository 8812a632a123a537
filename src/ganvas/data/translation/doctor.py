"""The data doctor for pictures to translate between: which layout, what matches, what does not, what to train."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ganvas.config import Config
from ganvas.counted import counted
from ganvas.data.decoding import BYTES_AT_ONCE, in_order
from ganvas.data.full_depth import DeepHeader
from ganvas.data.picture import Unreadable
from ganvas.data.spec import DataSpec
from ganvas.data.survey import size_counts
from ganvas.data.translation.advice import SIDE, command, headers_of, recipe_for, sized_for
from ganvas.data.translation.class_maps import NoClassError
from ganvas.data.translation.tasks import Plan, Role, decoded, left_out, plan
from ganvas.data.translation.tree import Tree, open_tree

MOST_NAMED = 20
_PARTS = {False: "training", True: "held out"}
_CROPPED: dict[bool, tuple[Role, ...]] = {True: ("images",), False: ("images", "sources")}
"""Whether they are pairs → whose windows are cut by themselves."""


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
    modes: dict[str, dict[str, int]]
    """By the name of the set: 'RGB', 'grey', 'RGB with opacity' … → files, the most frequent first."""
    channels: dict[str, int]
    """By the name of the set: how many it is trained with. Opacity is laid on white, unless there are 4."""
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
    identical: tuple[str, ...]
    """Targets with the very pixels of their sources, the first ones."""
    identical_count: int
    recipe: str | None
    recipe_reason: str
    first: str | None
    """What must be mended before the command is of use."""
    command: str | None
    """What to type next; None where nothing can be trained on."""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def inspect_translation(spec: DataSpec, on_progress: Callable[[int, int], None] | None = None) -> TranslationCheckup:
    """Open every picture that ``spec`` describes and report; nothing is kept.

    Raises:
        GanvasError: there is no such data, or its folders do not say what A and B are.
    """
    tree = open_tree(spec.source)
    wanted = plan(tree, spec)
    seen = _look_at_all(tree, wanted, on_progress)
    layout, small = wanted.layout, list(_too_small(wanted))
    by_role = {role: name for role, name in wanted.by_role.items() if headers_of(wanted, role)}
    sizes = {role: Counter(header.size for header in headers_of(wanted, role)) for role in by_role}
    recipe, reason = recipe_for(wanted)
    return TranslationCheckup(
        source=spec.source,
        kind=layout.kind,
        layout=layout.words,
        names=wanted.names,
        direction=spec.direction,
        paired=layout.paired,
        counts={part: {name: seen.used[role, held] for role, name in by_role.items()} for held, part in _PARTS.items()},
        sizes={name: size_counts(sizes[role]) for role, name in by_role.items()},
        modes={name: dict(_modes(wanted, role).most_common()) for role, name in by_role.items()},
        channels={name: wanted.channels[role] for role, name in by_role.items()},
        scale=wanted.scale,
        bits={name: 16 if wanted.deep[role] else 8 for role, name in by_role.items()},
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
        identical=tuple(seen.identical[:MOST_NAMED]),
        identical_count=len(seen.identical),
        recipe=recipe,
        recipe_reason=reason,
        first=_first(wanted, seen, small),
        command=command(recipe, sized_for(wanted)) if recipe and not seen.lacks(wanted) else None,
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
    identical: list[str] = field(default_factory=list)

    @property
    def leaks(self) -> list[tuple[str, ...]]:
        """Files with the same pixels on both sides of training and held out."""
        groups = [group for group in self.by_pixels.values() if len({held for _, held in group}) == 2]
        return [tuple(name for name, _ in group) for group in groups]

    @property
    def pairs(self) -> int:
        """Targets that can be used."""
        return self.used["images", False] + self.used["images", True]

    @property
    def mostly_identical(self) -> bool:
        """Whether most targets have the very pixels of their sources."""
        return 2 * len(self.identical) > self.pairs

    def lacks(self, wanted: Plan, held_out: bool = False) -> list[str]:
        """Names of the sets that nothing of is left for this part."""
        return [name for role, name in wanted.by_role.items() if not self.used[role, held_out]]


def _look_at_all(tree: Tree, wanted: Plan, on_progress: Callable[[int, int], None] | None) -> _Seen:
    seen = _Seen()

    def work(index: int) -> dict[Role, bytes] | str:
        try:
            pictures = decoded(tree, wanted, wanted.tasks[index])
        except NoClassError as error:  # the next map may be out of range as well
            return error.seen
        return {role: hashlib.blake2b(pixels.data, digest_size=16).digest() for role, pixels in pictures.items()}

    for done, (index, found) in enumerate(in_order(range(len(wanted.tasks)), work, BYTES_AT_ONCE), start=1):
        task = wanted.tasks[index]
        match found:
            case Unreadable():
                wanted.skipped.update(left_out(task, found))
            case str():
                seen.out_of_range.append(found)
            case _:
                if found.get("sources") == found.get("images"):
                    seen.identical.append(task.files["images"].path)
                for role, digest in found.items():
                    seen.used[role, task.held_out] += 1
                    names = seen.by_pixels.setdefault((role, digest), [])
                    names.append((task.files[role].path, task.held_out))
        if on_progress:
            on_progress(done, len(wanted.tasks))
    return seen


def _modes(wanted: Plan, role: Role) -> Counter[str]:
    """What the pictures hold, in words."""
    if wanted.classes and role == "sources":
        return Counter({"class numbers": len(headers_of(wanted, role))})
    return Counter(_mode(header) for header in headers_of(wanted, role))


def _mode(header: DeepHeader) -> str:
    colours = {1: "grey", 3: "RGB", 4: "RGB with opacity"}.get(header.channels, f"{header.channels} channels")
    return f"{colours} with opacity" if header.alpha else colours


def _too_small(wanted: Plan) -> Iterator[str]:
    """Targets and unpaired sources that a window of the crop does not fit into."""
    crop = wanted.spec.window
    if crop is None or wanted.spec.shape is not None:
        return
    for role in _CROPPED[wanted.layout.paired]:
        for file in (task.files[role] for task in wanted.tasks if role in task.files):
            header = wanted.headers[file]
            if header.height < crop[0] or header.width < crop[1]:
                yield f"{file.path} ({header.height}x{header.width})"


def _first(wanted: Plan, seen: _Seen, small: Sequence[str]) -> str | None:
    """What stands in the way of training, and how to mend it; the greatest first."""
    layout, (source, target) = wanted.layout, wanted.names
    if lacking := seen.lacks(wanted):
        return _nothing_left(wanted, seen, " and ".join(lacking))
    if seen.out_of_range:
        return f"mend {_maps(wanted, seen)}"
    if small:
        least = min(min(header.size) for role in _CROPPED[layout.paired] for header in headers_of(wanted, role))
        crop = max(1, least // wanted.scale) * wanted.scale
        return f"use --crop {crop}, or leave out {len(small):,} smaller pictures"
    if seen.mostly_identical:
        return f"{source} and {target} are the same pictures: put into {target} what {source} should become"
    return None


def _nothing_left(wanted: Plan, seen: _Seen, lacking: str) -> str:
    if seen.out_of_range:
        return f"nothing to train on: mend {_maps(wanted, seen)}"
    if not wanted.skipped:
        return f"no pictures of {lacking} are for training: put some into train/"
    name, reason = next(iter(wanted.skipped.items()))
    what = "no pair" if wanted.layout.paired else f"nothing of {lacking}"
    differ = wanted.layout.paired and wanted.layout.kind != "scaled pairs" and wanted.spec.shape is None
    mend = f"; look again with --size {SIDE}" if differ and wanted.headers else ""
    return f"{what} can be used, such as {name}: {reason.split(';')[0]}{mend}"


def _maps(wanted: Plan, seen: _Seen) -> str:
    count, last = len(seen.out_of_range), len(wanted.classes) - 1
    return f"{counted(count, 'map')} (classes are 0 to {last}, and 255 for none), or name all classes in classes.json"


def _warnings(wanted: Plan, seen: _Seen, small: Sequence[str]) -> Iterator[str]:
    layout, (both, least) = wanted.layout, wanted.layout.alike
    if layout.unmatched:
        yield f"{counted(len(layout.unmatched), 'file')} without a partner, such as {layout.unmatched[0]}"
    if wanted.skipped:
        yield f"{counted(len(wanted.skipped), 'file')} left out as of no use, with their partners"
    if seen.out_of_range:
        yield f"{counted(len(seen.out_of_range), 'map')} with values that are no class"
    if small:
        yield f"{counted(len(small), 'picture')} smaller than the crop, such as {small[0]}"
    if seen.mostly_identical:
        yield f"{len(seen.identical):,} of {seen.pairs:,} pairs are twice the same pixels, such as {seen.identical[0]}"
    if seen.leaks:
        same = " = ".join(seen.leaks[0][:3])
        yield f"{counted(len(seen.leaks), 'picture')} both for training and held out, such as {same}"
    if layout.kind == "two sets" and both and 2 * both >= least:
        yield f"{both:,} of {least:,} names are in both sets: if they are pairs, use --paired and pix2pix"
    if layout.kind == "pairs" and both < least:
        yield f"{both:,} of {least:,} names are in both sets: if they are no pairs, use --unpaired and cyclegan"
    yield from _none_held_out(wanted, seen)


def _none_held_out(wanted: Plan, seen: _Seen) -> Iterator[str]:
    names = seen.lacks(wanted, held_out=True)
    if not names or seen.lacks(wanted):
        return
    count = next(seen.used[role, False] for role, name in wanted.by_role.items() if name == names[0])
    what = {"two sets": f"pictures of {names[0]}", "pictures": "pictures"}.get(wanted.layout.kind, "pairs")
    folders = wanted.layout.kind not in ("side by side", "pictures")
    where = " and ".join(f"val/{name}/" for name in names) if folders else "val/"
    yield f"none of the {count:,} {what} is held out: no validation, no scores; put some into {where}"
