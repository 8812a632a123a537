"""What is to be decoded: each task one picture, or both of a pair, and how they are brought into shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from ganvas.data.decoding import spread
from ganvas.data.full_depth import DeepHeader, DeepPicture, Opener, Pixels, deep_header, read_deep
from ganvas.data.picture import Unreadable
from ganvas.data.spec import DataSpec
from ganvas.data.translation.class_maps import check_values, class_names, names_from, read_class_map, values_in
from ganvas.data.translation.halves import Half, columns_of
from ganvas.data.translation.layouts import Layout, empty_one, pictures_only, recognise
from ganvas.data.translation.reshaping import scaled, with_channels
from ganvas.data.translation.tree import Tree
from ganvas.errors import GanvasError

T = TypeVar("T")
Role = Literal["images", "sources"]


@dataclass(frozen=True)
class File:
    """A picture, or one half of one."""

    path: str
    half: Half | None = None


@dataclass(frozen=True)
class Task:
    """What is decoded and left out together."""

    files: dict[Role, File]
    held_out: bool


class Spoilt(Unreadable):
    """A file that cannot be used, and why."""

    def __init__(self, file: str, reason: object) -> None:
        super().__init__(str(reason))
        self.file = file


@dataclass
class Plan:
    """All tasks, and what their pictures become; ``skipped`` (name → reason) grows while decoding."""

    spec: DataSpec
    layout: Layout
    names: tuple[str, str]
    """What source and target are called."""
    tasks: list[Task]
    headers: dict[File, DeepHeader]
    """Of all files of the tasks."""
    channels: dict[Role, int]
    deep: dict[Role, bool]
    classes: tuple[str, ...]
    """Where sources are maps of classes."""
    scale: int
    notes: list[str]
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def by_role(self) -> dict[Role, str]:
        """What the sets are called; of pictures only, the pictures."""
        names: dict[Role, str] = {"sources": self.names[0], "images": self.names[1]}
        return {role: name for role, name in names.items() if self.layout.kind != "pictures" or role == "images"}


def plan(tree: Tree, spec: DataSpec) -> Plan:
    """Recognise the layout, look at all headers, decide channels, depth and scale.

    Raises:
        GanvasError: the layout does not go with what was asked for.
    """
    layout = lay_out(tree, spec)
    tasks = tasks_of(layout, spec)
    classes, notes = classes_of(tree, layout, spec)
    headers, skipped = look(tree, tasks)
    tasks = [task for task in tasks if all(file in headers for file in task.files.values())]
    channels, deep = dict[Role, int](), dict[Role, bool]()
    roles: tuple[Role, Role] = ("images", "sources")
    for role in roles:
        mine = [headers[task.files[role]] for task in tasks if role in task.files]
        maps = bool(classes) and role == "sources"
        channels[role] = 1 if maps else spec.channels or max((header.channels for header in mine), default=1)
        deep[role] = not maps and any(header.deep for header in mine)
    names = layout.names if spec.direction != "BtoA" else layout.names[::-1]
    scale = scale_of(tasks, headers) if layout.paired else 1
    if layout.kind == "scaled pairs" and spec.shape is not None and scale > 1:
        raise GanvasError(
            f"{spec.source}: small and large pictures are pairs as they are; use --crop instead of --size"
        )
    return Plan(
        spec=spec,
        layout=layout,
        names=names,
        tasks=tasks,
        headers=headers,
        channels=channels,
        deep=deep,
        classes=classes,
        scale=scale if spec.shape is None else 1,
        notes=[*layout.notes, *notes],
        skipped=skipped,
    )


def lay_out(tree: Tree, spec: DataSpec) -> Layout:
    """The layout, where it can be read in this direction."""
    if spec.direction is None:
        return pictures_only(tree.pictures)
    must_hold_both(tree)
    layout = recognise(tree.pictures, str(tree.path), spec.paired, spec.side_by_side)
    if spec.direction == "BtoA" and layout.kind in ("class maps", "scaled pairs"):
        a, b = layout.names
        raise GanvasError(f"{spec.source}: from {b}/ into {a}/ is not trained here; use direction AtoB ({a} into {b})")
    return layout


def must_hold_both(tree: Tree) -> None:
    """Raises `GanvasError` where A is there and B is empty, or the other way round."""
    if (found := empty_one(tree.names, tree.folders)) is not None:
        empty, other = found
        raise GanvasError(f"{tree.path}: {empty}/ is empty: put there what belongs to {other}/, or give {other}/ alone")


def tasks_of(layout: Layout, spec: DataSpec) -> list[Task]:
    """Training first, then held out; of two sets the targets first. ``spec.limit`` holds for each of them."""
    tasks: list[Task] = []
    for held, (a, b) in ((False, layout.train), (True, layout.held_out)):
        halves: tuple[Half | None, Half | None] = ("left", "right") if layout.kind == "side by side" else (None, None)
        files = [[File(path, half) for path in side] for side, half in zip((a, b), halves, strict=True)]
        sources, images = files if spec.direction != "BtoA" else files[::-1]
        if layout.paired:
            both = [Task({"images": i, "sources": s}, held) for i, s in zip(images, sources, strict=True)]
            tasks += _limited(both, spec)
        else:
            tasks += _limited([Task({"images": file}, held) for file in images], spec)
            tasks += _limited([Task({"sources": file}, held) for file in sources], spec)
    return tasks


def classes_of(tree: Tree, layout: Layout, spec: DataSpec) -> tuple[tuple[str, ...], list[str]]:
    """(class names, notes): no names where the maps turn out to be pictures."""
    if layout.kind != "class maps":
        return (), []
    maps = layout.train[0] + layout.held_out[0]
    named = class_names(tree)
    if named:
        return named, []
    names = names_from(values_in(tree.open_file, maps))
    folder = layout.names[0]
    if names is None:
        return (), [f"{folder}/ holds no class numbers with a classes.json beside them: taken as pictures"]
    return names, [f"no classes.json beside {folder}/: {len(names)} classes by their numbers"]


def look(tree: Tree, tasks: Sequence[Task]) -> tuple[dict[File, DeepHeader], dict[str, str]]:
    """(headers by file, reasons by name of the files without)."""
    headers, skipped = dict[File, DeepHeader](), dict[str, str]()
    for task in tasks:
        header = _once(deep_header, tree)
        for file in task.files.values():
            try:
                headers[file] = _half_header(header(file.path), file.half)
            except Unreadable as reason:
                skipped |= left_out(task, Spoilt(file.path, reason))
    return headers, skipped


def left_out(task: Task, spoilt: Unreadable) -> dict[str, str]:
    """The file's name → why it is left out, and who with it."""
    file = spoilt.file if isinstance(spoilt, Spoilt) else next(iter(task.files.values())).path
    partners = [other.path for other in task.files.values() if other.path != file]
    return {file: f"{spoilt}; {partners[0]} is left out with it" if partners else str(spoilt)}


def scale_of(tasks: Sequence[Task], headers: dict[File, DeepHeader]) -> int:
    """How many times larger targets are than their sources: the most frequent whole number, else 1."""
    ratios: Counter[int] = Counter()
    for task in tasks:
        large, small = (headers[task.files[role]].size for role in ("images", "sources"))
        ratio = large[0] // small[0]
        if ratio >= 1 and large == (ratio * small[0], ratio * small[1]):
            ratios[ratio] += 1
    return ratios.most_common(1)[0][0] if ratios else 1


def decoded(tree: Tree, wanted: Plan, task: Task) -> dict[Role, NDArray[Any]]:
    """All pictures of a task (C, H, W), in their shape.

    Raises:
        Spoilt: one of them cannot be used.
        GanvasError: class numbers out of range.
    """
    pictures: dict[Role, NDArray[Any]] = {}
    read = _once(read_deep, tree)
    for role, file in task.files.items():
        try:
            maps = bool(wanted.classes) and role == "sources"
            pixels = _class_map(tree, wanted, file) if maps else _picture(read, wanted, role, file)
        except Unreadable as reason:
            raise Spoilt(file.path, reason) from reason
        shaped = scaled(pixels, wanted.spec.fit, wanted.spec.shape, nearest=maps)
        pictures[role] = np.ascontiguousarray(shaped.transpose(2, 0, 1))
    if len(pictures) == 2:
        _must_agree(pictures, task, wanted.scale)
    return pictures


def _class_map(tree: Tree, wanted: Plan, file: File) -> NDArray[np.uint8]:
    values = read_class_map(tree.open_file, file.path)
    check_values(values, wanted.classes, file.path)
    return values


def _once(look: Callable[[Opener, str], T], tree: Tree) -> Callable[[str], T]:
    """By path: two halves of one file are not looked up twice."""
    return cache(lambda path: look(tree.open_file, path))


def _picture(read: Callable[[str], DeepPicture], wanted: Plan, role: Role, file: File) -> Pixels:
    picture = read(file.path)
    if file.half is not None:
        picture = replace(picture, pixels=picture.pixels[:, columns_of(file.half, picture.pixels.shape[1])])
    return with_channels(picture, wanted.channels[role], wanted.deep[role])


def _must_agree(pictures: dict[Role, NDArray[Any]], task: Task, scale: int) -> None:
    large, small = pictures["images"].shape[1:], pictures["sources"].shape[1:]
    if large != (scale * small[0], scale * small[1]):
        times = f" {scale} times" if scale > 1 else ""
        source, target = task.files["sources"].path, task.files["images"].path
        raise Spoilt(target, f"is {_by(large)}, not{times} the {_by(small)} of its partner {source}")


def _half_header(header: DeepHeader, half: Half | None) -> DeepHeader:
    if half is None:
        return header
    kept = columns_of(half, header.width)
    return replace(header, width=kept.stop - kept.start)


def _limited(tasks: list[Task], spec: DataSpec) -> list[Task]:
    return [tasks[i] for i in spread(len(tasks), spec.limit)]


def _by(size: tuple[int, ...]) -> str:
    return f"{size[0]}x{size[1]}"
