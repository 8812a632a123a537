"""Maps of classes: pictures whose values are class numbers, with the classes' names beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ganvas.data.full_depth import Opener
from ganvas.data.picture import Unreadable, opened
from ganvas.data.translation.tree import Tree
from ganvas.errors import GanvasError

IGNORED = 255
"""The value that stands for no class, where there are fewer: the channels of all classes are then 0."""
MOST_UNNAMED = 64
"""More values than these, without a list of names, are a picture and no map of classes."""
_LISTS = ("classes.json", "classes.txt")
_INDEXED = frozenset({"P", "L", "1", "I;16"})


def read_class_map(open_file: Opener, name: str) -> NDArray[np.uint8]:
    """Class numbers uint8 (H, W, 1): palettes are not looked up. Raises `Unreadable`."""
    with opened(open_file, name) as image:
        if image.mode not in _INDEXED:
            raise Unreadable(f"is a picture in {image.mode}, no map of class numbers (mode L or P)")
        values = np.asarray(image)
        if values.max(initial=0) > IGNORED:
            raise Unreadable(f"holds the value {values.max()}; class numbers go up to {IGNORED - 1}")
        return values.astype(np.uint8)[..., None]


def class_names(tree: Tree) -> tuple[str, ...] | None:
    """From `classes.json` (a list, {"classes": list} or {number: name}) or `classes.txt` (one a line), the topmost one.

    Raises:
        GanvasError: it is broken.
    """
    lists = [name for name in tree.names if PurePosixPath(name).name.lower() in _LISTS]
    if not lists:
        return None
    name = min(lists, key=lambda path: path.count("/"))
    text = tree.text(name)
    if name.lower().endswith(".txt"):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        found = json.loads(text)
        found = found.get("classes", found) if isinstance(found, dict) else found
        if isinstance(found, dict):
            found = [found[str(number)] for number in range(len(found))]
        names = tuple(map(str, found))
    except (ValueError, TypeError, KeyError) as error:
        raise GanvasError(f'{tree.path}: {name} is no list of class names ({error!r}); write ["sky", …]') from error
    if not names or isinstance(found, str):
        raise GanvasError(f'{tree.path}: {name} names no classes; write ["sky", …]')
    return names


def values_in(open_file: Opener, names: Iterable[str]) -> set[int] | None:
    """All values of these maps; None if one of them is no map of class numbers. Unreadable files say nothing."""
    seen: set[int] = set()
    for name in names:
        try:
            seen.update(np.unique(read_class_map(open_file, name)).tolist())
        except Unreadable as reason:
            if "class numbers" in str(reason):
                return None
    return seen


def names_from(values: set[int] | None) -> tuple[str, ...] | None:
    """Numbers as names, where nobody names the classes; None where the values look like a picture's grey levels."""
    inside = (values or set()) - {IGNORED}
    if values is None or len(inside) < 2 or len(inside) > MOST_UNNAMED:
        return None
    return tuple(map(str, range(max(inside) + 1)))


class NoClassError(GanvasError):
    """A map holds a value that is neither a class nor `IGNORED`."""

    def __init__(self, file: str, value: int, classes: int) -> None:
        self.seen = f"{file} holds the value {value}"
        super().__init__(
            f"{self.seen}, but there are {classes} classes, 0 to {classes - 1} ({IGNORED} is ignored): mend the map, "
            "or name all classes in classes.json"
        )


def check_values(values: NDArray[np.uint8], names: Sequence[str], file: str) -> None:
    """Raises `NoClassError` where a value is neither a class nor `IGNORED`."""
    wrong = values[(values >= len(names)) & (values != IGNORED)]
    if wrong.size:
        raise NoClassError(file, int(wrong.max()), len(names))


def one_hot(maps: Tensor, classes: int, edges: bool) -> Tensor:
    """Class numbers (N, 1, H, W) → float32 (N, classes [+ 1], H, W) of 0 and 1; with ``edges`` see `class_edges`."""
    numbers = maps[:, 0].long()
    # a class more, for what is ignored, and taken away again
    known = torch.where(numbers < classes, numbers, classes)
    hot = functional.one_hot(known, classes + 1)[..., :classes].permute(0, 3, 1, 2).float()
    return torch.cat([hot, class_edges(maps)], 1) if edges else hot


def class_edges(maps: Tensor) -> Tensor:
    """(N, 1, H, W) → float32 (N, 1, H, W): 1 where a pixel's class differs from that of any of its four neighbours."""
    edges = torch.zeros(maps.shape, dtype=torch.bool, device=maps.device)
    for axis in (2, 3):
        length = maps.shape[axis] - 1
        differs = maps.narrow(axis, 0, length) != maps.narrow(axis, 1, length)
        edges.narrow(axis, 0, length).logical_or_(differs)
        edges.narrow(axis, 1, length).logical_or_(differs)
    return edges.float()
