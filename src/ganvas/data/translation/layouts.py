"""How pictures to translate between lie in folders: recognised from their names alone.

A path is read as folders that say which part it belongs to (`train`, `val`, `test`), folders that say which set
(`A`, `labels`, `google`), in any order or in one word (`trainA`, `test_B`), and the rest: its key, by which partners
find each other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile
from pathlib import PurePosixPath
from typing import Any, Literal

from ganvas.errors import GanvasError

Part = Literal["train", "val", "test"]
Kind = Literal["side by side", "pairs", "class maps", "scaled pairs", "two sets", "pictures"]
PARTS: Mapping[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
CLASS_MAPS = ("labels", "label", "masks", "mask", "segmentation", "annotations")
PHOTOS = ("images", "image", "img", "imgs", "photos", "photo")
SMALL, LARGE = r"(lq|lr|low)([-_ ]?x?\d+|bic.*|_.*)?", r"(gt|hr|high)([-_ ]?mod\d+|_.*)?"
BEFORE = ("src", "source", "in", "input", "inputs", "before", "from")
AFTER = ("dst", "target", "targets", "out", "output", "outputs", "after", "to")
"""Words for A and for B in the names of two folders, where the alphabet would have it otherwise."""
HELD_OUT_SHARE = 8
"""One in so many is held out where no folder says which."""
_JOINED = re.compile(r"(train|val|valid|test)(?:_(.+)|([AB]))")
_CODE_POINTS = re.compile(r"[0-9a-f]{2,6}(-[0-9a-f]{2,6})*")
_VARIANT = re.compile(r"-(fe0f|200d|1f3f[b-f])")


@dataclass(frozen=True)
class Entry:
    """A picture's path, read."""

    path: str
    part: Part | None
    domain: str | None
    key: str


@dataclass(frozen=True)
class Layout:
    """Which pictures there are. Of pairs, A and B have the same length and order; of pictures only, A is empty.

    Side by side the same files stand in A and in B. ``held_out`` and ``train`` share no group (`group_of`).
    """

    kind: Kind
    words: str
    names: tuple[str, str]
    """What A and B are called."""
    train: tuple[tuple[str, ...], tuple[str, ...]]
    held_out: tuple[tuple[str, ...], tuple[str, ...]]
    unmatched: tuple[str, ...] = ()
    """Pictures that have no partner in a set of pairs."""
    alike: tuple[int, int] = (0, 0)
    """Of two folders: how many keys are in both, and how many are in the smaller."""
    endings: tuple[str, str] = ("", "")
    """Of pairs: how all names in A and in B end, beside what partners share: `_in` and `_out`."""
    notes: tuple[str, ...] = ()

    @property
    def paired(self) -> bool:
        """Whether A and B belong together file by file."""
        return self.kind not in ("two sets", "pictures")


def recognise(paths: Sequence[str], where: str, paired: bool | None = None, side_by_side: bool = False) -> Layout:
    """The layout of a set to translate between.

    Raises:
        GanvasError: the folders do not say what A and B are.
    """
    entries = _read(paths)
    domains = Counter(entry.domain for entry in entries if entry.domain is not None)
    if side_by_side or (not domains and any(entry.part for entry in entries)):
        return _side_by_side(entries)
    names = _a_and_b(domains)
    if names is None:
        raise GanvasError(f"{where} {_not_two(domains)}; {_LAYOUTS}")
    return _two_folders(entries, names, where, paired)


def pictures_only(paths: Sequence[str]) -> Layout:
    """All pictures, with nothing to translate from. Where maps or small ones lie beside them, the pictures alone."""
    entries = _read(paths)
    domains = Counter(entry.domain for entry in entries if entry.domain is not None)
    names, notes = _a_and_b(domains), list[str]()
    if names and (_words(names)[1][0] in PHOTOS or _scaled(names)):
        entries = [entry for entry in entries if entry.domain == names[1]]
        notes.append(f"{names[0]}/ is left alone: direction AtoB trains on it")
    train, held, more = _divided(entries)
    return Layout(
        "pictures", "pictures only", ("", "pictures"), ((), _paths(train)), ((), _paths(held)), notes=(*notes, *more)
    )


def names_its_sets(paths: Sequence[str]) -> bool:
    """Whether folders are called A and B, or `trainA`, `test_B` and the like: a choice of words that says all."""
    folders = {part for path in paths for part in PurePosixPath(path).parts[:-1]}
    joined = [match for match in map(_JOINED.fullmatch, folders) if match]
    return {"A", "B"} <= folders or len({match[2] or match[3] for match in joined}) == 2


def empty_one(paths: Sequence[str], folders: Sequence[str]) -> tuple[str, str] | None:
    """(the empty folder, the other), where two folders are called as A and B are and one has no file among all these
    paths. One that holds other files than pictures, as labels/ may, is no mistake."""
    entries = _read([*paths, *(f"{folder}/-" for folder in folders)])  # as if each held a file
    filled = {entry.domain for entry in entries[: len(paths)]}
    names = _named({entry.domain: 1 for entry in entries if entry.domain is not None})
    if names is None or len(filled & {*names}) != 1:
        return None
    return names if names[1] in filled else names[::-1]


def group_of(key: str, code_points: bool) -> str:
    """What must not be divided between training and held out: of emoji all with the same first code point."""
    name = PurePosixPath(key).name
    return name.split("-")[0] if code_points else key


def is_held_out(group: str) -> bool:
    """One group in eight, by a hash of its name: the same ones on every machine, whatever else is in the set."""
    return int.from_bytes(blake2b(group.encode(), digest_size=8).digest(), "big") % HELD_OUT_SHARE == 0


_LAYOUTS = (
    "give train/ and val/ of pictures that hold A and B side by side, or two folders such as A/ and B/, trainA/ and "
    "trainB/, labels/ and images/, lq/ and gt/"
)


def _not_two(domains: Counter[str]) -> str:
    if not domains:
        return "is one folder of pictures: if each holds A and B side by side, use --side-by-side"
    if len(domains) == 1:
        return f"has one set only, '{next(iter(domains))}'"
    first = ", ".join(f"'{name}'" for name, _ in domains.most_common(4))
    return f"has {len(domains)} folders ({first}{', …' if len(domains) > 4 else ''}), and which are A and B is not said"


def _read(paths: Sequence[str]) -> list[Entry]:
    """Paths without the folders that all share and that say nothing."""
    split = [PurePosixPath(path).parts for path in paths]
    levels = zip(*(parts[:-1] for parts in split), strict=False)
    shared = len(list(takewhile(lambda level: len(set(level)) == 1 and not _says(level[0]), levels)))
    return [_entry(path, parts[shared:]) for path, parts in zip(paths, split, strict=True)]


def _says(folder: str) -> bool:
    """Whether a folder's name alone says a part or a set."""
    return folder.lower() in PARTS or bool(_JOINED.fullmatch(folder)) or folder in ("A", "B")


def _entry(path: str, parts: tuple[str, ...]) -> Entry:
    part: Part | None = None
    domain: str | None = None
    rest = list(parts)
    while len(rest) > 1 and (part is None or domain is None):
        joined = _JOINED.fullmatch(rest[0])
        if part is None and rest[0].lower() in PARTS:
            part = PARTS[rest[0].lower()]
        elif part is None and domain is None and joined:
            part, domain = PARTS[joined[1]], joined[2] or joined[3]
        elif domain is None:
            domain = rest[0]
        else:
            break
        rest = rest[1:]
    return Entry(path, part, domain, str(PurePosixPath(*rest).with_suffix("")))


def _a_and_b(domains: Mapping[str, int]) -> tuple[str, str] | None:
    """Which folders are A and B: by what they are called, else two folders in the alphabet's order."""
    if (names := _named(domains)) is not None or len(domains) != 2:
        return names
    (_, _, _, a), (_, _, _, b) = sorted((w in AFTER, w not in BEFORE, w, name) for w, name in _words(domains))
    return a, b


def _named(domains: Mapping[str, int]) -> tuple[str, str] | None:
    """A and B, where folders are called so, or labels and images, or lq and gt."""
    lower = dict(_words(domains))
    if {"a", "b"} <= lower.keys() <= {"a", "b", "ab"}:  # beside c and d they are letters
        return lower["a"], lower["b"]
    for a, b in ((a, b) for a in CLASS_MAPS for b in PHOTOS):
        if a in lower and b in lower:
            return lower[a], lower[b]
    small = [name for low, name in lower.items() if re.fullmatch(SMALL, low)]
    large = [name for low, name in lower.items() if re.fullmatch(LARGE, low)]
    if len(small) == len(large) == 1:
        return small[0], large[0]
    return None


def _words(names: Collection[str]) -> list[tuple[str, str]]:
    """(what tells a folder apart, the folder): of `street_lr` and `street_hr`, lr and hr; always in lower case."""
    shared = re.match(r".*[-_. ]", _beginning([name.lower() for name in names])) if len(names) == 2 else None
    return [(name.lower()[shared.end() if shared else 0 :], name) for name in names]


def _scaled(names: tuple[str, str]) -> bool:
    """Whether A is called small and B large."""
    (a, _), (b, _) = _words(names)
    return bool(re.fullmatch(SMALL, a) and re.fullmatch(LARGE, b))


def _side_by_side(entries: Sequence[Entry]) -> Layout:
    train, held, notes = _divided(entries)
    both, held_both = _paths(train), _paths(held)
    words = "A (left) and B (right) side by side"
    return Layout("side by side", words, ("A", "B"), (both, both), (held_both, held_both), notes=tuple(notes))


def _two_folders(entries: Sequence[Entry], names: tuple[str, str], where: str, paired: bool | None) -> Layout:
    notes = []
    outside = [entry for entry in entries if entry.domain not in names]
    if outside:
        notes.append(f"{len(outside):,} pictures outside {names[0]}/ and {names[1]}/ were passed over")
    a, b = ([entry for entry in entries if entry.domain == name] for name in names)
    scaled = _scaled(names)
    keys_a, keys_b = _by_key(a, r"[-_]?x\d+" if scaled else ""), _by_key(b)
    alike, endings = _alike(keys_a, keys_b), ("", "")
    if 2 * alike[0] < alike[1]:
        shorter = _by_key(a, re.escape(end_a := _ending(a))), _by_key(b, re.escape(end_b := _ending(b)))
        if 10 * _alike(*shorter)[0] >= 9 * alike[1]:
            (keys_a, keys_b), alike, endings = shorter, _alike(*shorter), (end_a, end_b)
    unpaired_by_name = any(re.fullmatch(r"(train|test|val)[AB]", part) for part in PurePosixPath(a[0].path).parts)
    if paired is None:
        paired = 2 * alike[0] >= alike[1] and not unpaired_by_name
    if not paired:
        return _two_sets(a, b, names, alike, notes)
    if not alike[0]:
        raise GanvasError(
            f"{where}: no picture in {names[0]}/ has a partner of the same name in {names[1]}/, such as {a[0].path}; "
            "give partners the same name, or use --unpaired"
        )
    return _pairs(keys_a, keys_b, names, endings, notes)


def _pairs(
    a: Mapping[tuple[Part | None, str], Entry],
    b: Mapping[tuple[Part | None, str], Entry],
    names: tuple[str, str],
    endings: tuple[str, str],
    notes: list[str],
) -> Layout:
    matched = sorted(a.keys() & b.keys(), key=lambda k: b[k].path)
    unmatched = sorted([*(a[k].path for k in a.keys() - b.keys()), *(b[k].path for k in b.keys() - a.keys())])
    train, held, more = _divided([b[key] for key in matched])
    partner = {b[key].path: a[key].path for key in matched}
    kind: Kind = "pairs"
    if _scaled(names):
        kind = "scaled pairs"
    elif _words(names)[0][0] in CLASS_MAPS:
        kind = "class maps"
    both = [(tuple(partner[entry.path] for entry in part), _paths(part)) for part in (train, held)]
    without = f", without {' and '.join(filter(None, endings))} at the end" if any(endings) else ""
    words = f"{names[0]}/ and {names[1]}/ paired by name{without}"
    return Layout(kind, words, names, both[0], both[1], tuple(unmatched), _alike(a, b), endings, notes=(*notes, *more))


def _two_sets(
    a: Sequence[Entry], b: Sequence[Entry], names: tuple[str, str], alike: tuple[int, int], notes: list[str]
) -> Layout:
    (train_a, held_a, more), (train_b, held_b, _) = _divided(a), _divided(b)
    return Layout(
        "two sets",
        f"{names[0]}/ and {names[1]}/, two sets without pairs",
        names,
        (_paths(train_a), _paths(train_b)),
        (_paths(held_a), _paths(held_b)),
        alike=alike,
        notes=(*notes, *more),
    )


def _by_key(entries: Sequence[Entry], ending: str = "") -> dict[tuple[Part | None, str], Entry]:
    """By part and key, without an ending (a pattern) that does not count, such as the `x4` of small pictures."""
    return {(entry.part, re.sub(f"{ending}$", "", entry.key)): entry for entry in reversed(entries)}


def _ending(entries: Sequence[Entry]) -> str:
    """What all names end with, from a separator on: `_in`; empty where there is none."""
    shared = _beginning([PurePosixPath(entry.key).name[::-1] for entry in entries])[::-1]
    found = re.search(r"[-_. ].*", shared)
    return found[0] if found else ""


def _beginning(texts: Sequence[str]) -> str:
    """What all begin with."""
    return "".join(letters[0] for letters in takewhile(lambda letters: len({*letters}) == 1, zip(*texts, strict=False)))


def _alike(a: Mapping[Any, Entry], b: Mapping[Any, Entry]) -> tuple[int, int]:
    return len(a.keys() & b.keys()), min(len(a), len(b))


def _divided(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry], list[str]]:
    """(train, held out, notes): by folder where one says so (`val` before `test`), else one group in eight."""
    held_part: Part | None = next((part for part in ("val", "test") if any(e.part == part for e in entries)), None)
    if held_part is None or all(entry.part == held_part for entry in entries):
        keys = [PurePosixPath(entry.key).name for entry in entries]
        code_points = all(map(_CODE_POINTS.fullmatch, keys)) and any(map(_VARIANT.search, keys))
        held = [entry for entry in entries if is_held_out(group_of(entry.key, code_points))]
        if len(held) == len(entries):
            held = []
        kept = set(map(id, held))
        how = "first code points" if code_points else "names"
        note = [f"no val or test part: one in {HELD_OUT_SHARE} is held out, by a hash of their {how}"] if held else []
        return [entry for entry in entries if id(entry) not in kept], held, note
    left = [entry for entry in entries if entry.part == "test" and held_part == "val"]
    train = [entry for entry in entries if entry.part in ("train", None)]
    notes = [f"the {len(left):,} pictures of the test part are left alone, for a last score"] if left else []
    return train, [entry for entry in entries if entry.part == held_part], notes


def _paths(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.path for entry in entries)
