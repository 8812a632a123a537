"""What to train on pictures that are to be translated: which ones are, with which recipe, at which size."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from statistics import median

from ganvas.data.annotations import DATASET_JSON
from ganvas.data.doctor import Checkup
from ganvas.data.full_depth import DeepHeader, deep_header
from ganvas.data.picture import Unreadable
from ganvas.data.spec import DataSpec
from ganvas.data.translation.layouts import Layout, names_its_sets, recognise
from ganvas.data.translation.tasks import Plan, Role, must_hold_both, plan
from ganvas.data.translation.tree import Tree, open_tree
from ganvas.errors import GanvasError

SIDE = 256
"""Pictures up to this size are suggested to be taken whole; photographs from it on also teach to enlarge."""
LEAST = 32
"""Sides that patches of 70 pixels can still be judged in."""
WINDOW = 96
"""Sides of the windows that are trained on, at most, where small pictures have large partners."""
SCALES = (2, 4, 8)
"""What is enlarged here."""
RECIPES: dict[str, tuple[str, str]] = {
    "side by side": ("pix2pix", "A and B are pairs"),
    "pairs": ("pix2pix", "A and B are pairs"),
    "class maps": ("pix2pix", "maps and pictures are pairs"),
    "scaled pairs": ("srresnet", "B is A, only larger"),
    "two sets": ("cyclegan", "A and B are sets of their own"),
}
_LOOKED_AT = 20


def recognised(spec: DataSpec) -> DataSpec | None:
    """The spec, with a direction, if its folders alone say that these are pictures to translate between; else None.

    Two folders could also be two classes: they count only when called A and B, or when nearly every name is in both and
    no labels lie beside them.

    Raises:
        GanvasError: one of A and B is empty.
    """
    if spec.translates:
        return directed(spec)
    if spec.labels is not None:
        return None
    try:
        tree = open_tree(spec.source)
    except GanvasError:
        return None
    must_hold_both(tree)
    try:
        layout = recognise(tree.pictures, spec.source)
    except GanvasError:
        return None
    return spec.but(direction="AtoB") if _says_so(tree, layout) else None


def directed(spec: DataSpec) -> DataSpec:
    """From the small into the large pictures, where nobody named a direction and the folders alone say which are which:
    their own small ones teach more than any that could be made."""
    if spec.direction is not None or spec.shape is not None:
        return spec
    told = spec.but(direction="AtoB", limit=_LOOKED_AT)
    try:
        tree = open_tree(spec.source)
        kind = recognise(tree.pictures, spec.source, spec.paired).kind
        scaled = kind == "scaled pairs" and plan(tree, told).scale > 1
    except GanvasError:
        return spec
    return told.but(limit=spec.limit) if scaled else spec


def advised(spec: DataSpec) -> tuple[str, str, DataSpec] | None:
    """(recipe, reason, the spec with direction and size) for data whose folders alone say that they are to be
    translated; None for any other. Headers are read, pictures are not."""
    told = recognised(spec)
    if told is None or told.direction is None:
        return None
    wanted = plan(open_tree(told.source), told)
    name, reason = recipe_for(wanted)
    return (name, reason, sized_for(wanted)) if name else None


def sized(spec: DataSpec) -> DataSpec:
    """The spec with a size that suits its pictures; see `sized_for`."""
    return sized_for(plan(open_tree(spec.source), spec))


def recipe_for(wanted: Plan) -> tuple[str | None, str]:
    """(recipe, reason); the recipe is None where there is none."""
    kind = wanted.layout.kind
    if kind == "scaled pairs" and wanted.scale == 1:
        kind = "pairs"
    elif kind == "scaled pairs" and wanted.scale not in SCALES:
        only = f"no recipe enlarges {wanted.scale} times, only 2, 4 or 8"
        return None, f"{only}; give {wanted.names[1]}/ alone, and srresnet makes small ones of its own"
    return RECIPES.get(kind, (None, "pictures without anything to translate from"))


def sized_for(wanted: Plan) -> DataSpec:
    """With a size to train at, where the user names none and the recipe's own would not suit: small pictures of one
    size stay as they are, or nearly so, and of small ones beside large ones windows are cut."""
    spec = wanted.spec
    if spec.size is not None or spec.crop is not None:
        return spec
    sizes = Counter(header.size for header in headers_of(wanted, "images"))
    if wanted.scale > 1 and wanted.layout.kind == "scaled pairs" and sizes:
        smallest = min(min(size) for size in sizes)
        return spec.but(crop=max(1, min(WINDOW, smallest) // wanted.scale) * wanted.scale)
    if len(sizes) == 1 and max(only := next(iter(sizes))) <= SIDE and only != (SIDE, SIDE):
        height, width = _halved_often(only)
        return spec.but(size=height if height == width else (height, width))
    return spec


def _halved_often(size: tuple[int, int]) -> tuple[int, int]:
    """The nearest size below that halves twice, for a ResNet, all but three times, for a U-Net; at least `LEAST`."""
    unit = 2 ** max(2, int(math.log2(min(size))) - 3)
    return max(LEAST, size[0] // unit * unit), max(LEAST, size[1] // unit * unit)


def headers_of(wanted: Plan, role: Role) -> list[DeepHeader]:
    """Of all sources, or of all targets."""
    return [wanted.headers[task.files[role]] for task in wanted.tasks if role in task.files]


def command(recipe: str, spec: DataSpec) -> str:
    """What to type."""
    words = ["ganvas", "train", recipe, "--data", spec.source, "--direction", spec.direction or "AtoB"]
    for option, value in (("--size", spec.size), ("--crop", spec.crop), ("--limit", spec.limit)):
        if value is not None:
            words += [option, "x".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    words += [] if spec.paired is None else ["--paired" if spec.paired else "--unpaired"]
    return shlex.join([*words, *["--side-by-side"] * spec.side_by_side])


def beside(checkup: Checkup) -> list[str]:
    """What else could be learnt from pictures of one kind: that each is a pair, or that large ones teach to enlarge."""
    if checkup.kind not in ("folder", "zip"):
        return []
    source, tree = shlex.quote(checkup.source), open_tree(checkup.source)
    sizes = [header.size for header in headers_of(plan(tree, DataSpec(source=checkup.source)), "images")]
    if len(sizes) < 2:
        return []
    if all(width == 2 * height for height, width in sizes):
        look = f"ganvas inspect {source} --side-by-side"
        return [f"all are twice as wide as high: if each holds A and B side by side, see `{look}`"]
    sides = [min(size) for size in sizes]
    if checkup.labels is None and median(sides) >= SIDE and min(sides) >= WINDOW:
        return [f"large enough to teach how to enlarge 4 times as well: `ganvas train srresnet --data {source}`"]
    return []


def _says_so(tree: Tree, layout: Layout) -> bool:
    if layout.kind == "side by side":
        return all(_is_double(tree, path) for path in layout.train[0][:_LOOKED_AT])
    if layout.kind in ("class maps", "scaled pairs") or names_its_sets(tree.pictures):
        return True
    labelled = any(name.endswith(DATASET_JSON) for name in tree.names)
    # cat/1_cat.png and dog/1_dog.png: names that only repeat their folder's are those of classes
    labelled |= any(layout.endings) and [end[1:].lower() for end in layout.endings] == [n.lower() for n in layout.names]
    return layout.paired and not labelled and 10 * layout.alike[0] >= 9 * layout.alike[1]


def _is_double(tree: Tree, path: str) -> bool:
    try:
        height, width = deep_header(tree.open_file, path).size
    except Unreadable:
        return True
    return width == 2 * height
