"""Layouts are told from names alone; what is divided, what matches, and what is asked when names do not say."""

from __future__ import annotations

import pytest

from ganvas.data.translation.layouts import Layout, empty_one, group_of, is_held_out, pictures_only, recognise
from ganvas.errors import GanvasError


def names(*folders: str, count: int = 40, suffix: str = ".png") -> list[str]:
    return [f"{folder}{i:02d}{suffix}" for folder in folders for i in range(count)]


def told(*folders: str, **asked: bool) -> Layout:
    return recognise(names(*folders), "set", **asked)


@pytest.mark.parametrize(
    ("folders", "kind", "a_and_b", "train", "held_out"),
    [
        (("train/", "val/"), "side by side", ("A", "B"), ("train/", "train/"), ("val/", "val/")),
        (("facades/train/", "facades/test/"), "side by side", ("A", "B"), ("facades/train/",) * 2,
         ("facades/test/",) * 2),
        (("A/train/", "B/train/", "A/val/", "B/val/"), "pairs", ("A", "B"), ("A/train/", "B/train/"),
         ("A/val/", "B/val/")),
        (("train/a/", "train/b/", "test/a/", "test/b/"), "pairs", ("a", "b"), ("train/a/", "train/b/"),
         ("test/a/", "test/b/")),
        (("train_A/", "train_B/", "test_A/", "test_B/"), "pairs", ("A", "B"), ("train_A/", "train_B/"),
         ("test_A/", "test_B/")),
        (("trainA/", "trainB/", "testA/", "testB/"), "two sets", ("A", "B"), ("trainA/", "trainB/"),
         ("testA/", "testB/")),
        (("train_img/", "train_label/", "test_img/", "test_label/"), "class maps", ("label", "img"),
         ("train_label/", "train_img/"), ("test_label/", "test_img/")),
        (("train/images/", "train/labels/", "val/images/", "val/labels/"), "class maps", ("labels", "images"),
         ("train/labels/", "train/images/"), ("val/labels/", "val/images/")),
        (("val/gt/", "val/lq/", "train/gt/", "train/lq/"), "scaled pairs", ("lq", "gt"), ("train/lq/", "train/gt/"),
         ("val/lq/", "val/gt/")),
    ],
)  # fmt: skip
def test_named_layouts(
    folders: tuple[str, ...],
    kind: str,
    a_and_b: tuple[str, str],
    train: tuple[str, str],
    held_out: tuple[str, str],
) -> None:
    layout = told(*folders)
    assert (layout.kind, layout.names) == (kind, a_and_b)
    assert layout.train == tuple(tuple(names(folder)) for folder in train)
    assert layout.held_out == tuple(tuple(names(folder)) for folder in held_out)
    assert layout.unmatched == ()


@pytest.mark.parametrize("folders", [("HR/", "LR/"), ("GTmod12/", "LRbicx4/"), ("set/hr/", "set/lr_x4/")])
def test_small_and_large(folders: tuple[str, str]) -> None:
    large, small = folders
    layout = told(*folders)
    assert layout.kind == "scaled pairs" and layout.train[0][0].startswith(small)
    assert layout.train[1][0].startswith(large)


def test_small_ones_may_carry_the_scale_in_their_names() -> None:
    """0001.png and 0001x4.png belong together."""
    layout = recognise([*names("HR/"), *names("LR_bicubic/", suffix="x4.png")], "set")
    assert layout.alike == (40, 40) and layout.train[0][0].replace("x4", "")[-6:] == layout.train[1][0][-6:]


@pytest.mark.parametrize(
    ("ends", "words"),
    [(("_in", "_out"), "without _in and _out at the end"), (("", "_L"), "without _L at the end"),
     (("-a.small", "-b"), "without -a.small and -b at the end")],
)  # fmt: skip
def test_endings_that_all_names_share(ends: tuple[str, str], words: str) -> None:
    """Partners find each other by what remains, where nearly all do; numbers before the ending are no part of it."""
    a, b = (names(folder, suffix=f"1{end}.png") for folder, end in zip(("x/", "y/"), ends, strict=True))
    layout = recognise([*a, *b, "y/odd" + ends[1] + ".png"], "set")
    assert layout.kind == "pairs" and layout.alike == (40, 40) and layout.endings == ends and words in layout.words
    pairs = [pair for part in (layout.train, layout.held_out) for pair in zip(*part, strict=True)]
    assert len(pairs) == 40 and all(x[2:5] == y[2:5] for x, y in pairs)
    assert layout.unmatched == ("y/odd" + ends[1] + ".png",)


def test_endings_help_only_where_nearly_all_find_partners() -> None:
    half = [*names("x/", suffix="_in.png"), *names("y/", suffix="_out.png")[:20], *names("y/z", suffix="_out.png")[:20]]
    assert recognise(half, "set").kind == "two sets" and recognise(half, "set").endings == ("", "")
    assert told("x/", "y/").endings == ("", "")  # nothing to take away
    sets = [*names("trainA/", suffix="_a.png"), *names("trainB/", suffix="_b.png")]
    assert recognise(sets, "set").kind == "two sets"  # as CycleGAN's folders are called


@pytest.mark.parametrize(
    ("folders", "a_and_b", "kind"),
    [
        (("street_lr/", "street_hr/"), ("street_lr", "street_hr"), "scaled pairs"),
        (("city-labels/", "city-images/"), ("city-labels", "city-images"), "class maps"),
        (("x_dst/", "x_src/"), ("x_src", "x_dst"), "pairs"),
        (("after/", "before/"), ("before", "after"), "pairs"),
        (("gt/", "input/"), ("input", "gt"), "pairs"),
        (("zebra/", "output/"), ("zebra", "output"), "pairs"),
        (("Cat/", "cat/"), ("Cat", "cat"), "pairs"),
        (("s_two/", "s_one/"), ("s_one", "s_two"), "pairs"),
    ],
)
def test_folders_by_the_words_that_tell_them_apart(
    folders: tuple[str, str], a_and_b: tuple[str, str], kind: str
) -> None:
    layout = told(*folders)
    assert (layout.names, layout.kind) == (a_and_b, kind)


def test_an_empty_one_of_two() -> None:
    """Only where the folders' names say that both are meant."""
    assert empty_one(names("set/A/"), ["set", "set/A", "set/B"]) == ("B", "A")
    assert empty_one(names("gt/"), ["gt", "lq"]) == ("lq", "gt")
    assert empty_one(names("train/images/"), ["train/images", "train/labels"]) == ("labels", "images")
    for folders in (["A"], ["A", "C"], ["A", "thumbnails"]):
        assert empty_one(names("A/"), folders) is None
    assert empty_one(names("A/", "B/"), ["A", "B", "C"]) is None and empty_one(names(""), ["A", "B"]) is None


def test_any_two_folders() -> None:
    """Pairs if half of the smaller one's names are in both; the others are named. Else two sets. Both can be told."""
    layout = recognise([*names("google/"), *names("twitter/", count=30), "twitter/odd.png"], "set")
    assert layout.kind == "pairs" and layout.alike == (30, 31) and len(layout.unmatched) == 11
    assert sum(map(len, (layout.train[0], layout.held_out[0]))) == 30 and "twitter/odd.png" in layout.unmatched
    strangers = [*names("cat/cat."), *names("dog/dog.")]
    assert recognise(strangers, "set").kind == "two sets"
    assert told("google/", "twitter/", paired=False).kind == "two sets"
    assert told("trainA/", "trainB/", paired=True).kind == "pairs"
    with pytest.raises(GanvasError, match="no picture in cat/ has a partner of the same name in dog/"):
        recognise(strangers, "set", paired=True)


@pytest.mark.parametrize(
    ("folders", "line"),
    [
        (("",), "one folder of pictures.*--side-by-side"),
        (("trainA/",), "one set only, 'A'"),
        (("x/", "y/", "z/"), "3 folders .*which are A and B is not said"),
    ],
)
def test_what_names_do_not_say(folders: tuple[str, ...], line: str) -> None:
    with pytest.raises(GanvasError, match=line):
        told(*folders)


def test_one_folder_is_side_by_side_when_told() -> None:
    layout = told("", side_by_side=True)
    assert layout.kind == "side by side" and layout.train[0] == layout.train[1] and len(layout.held_out[0]) > 0


def test_divided_by_hash() -> None:
    """One in eight, of 800 names 100 ± 3 · √(800 · 1/8 · 7/8) = ± 28; pairs stay pairs; adding names moves none."""
    layout = recognise(names("x/", "y/", count=800), "set")
    held = {name[2:] for name in layout.held_out[0]}
    assert 72 <= len(held) <= 128 and held == {name[2:] for name in layout.held_out[1]}
    assert not held & {name[2:] for name in layout.train[0]}
    more = recognise(names("x/", "y/", count=1000), "set")
    assert held <= {name[2:] for name in more.held_out[0]}
    assert any("one in 8 is held out" in note for note in layout.notes)


def test_variants_of_one_emoji_stay_together() -> None:
    """Skin tones, gender and zero-width joins hang on the first code point."""
    kinds = ["", "-1f3fb", "-1f3ff", "-200d-2640-fe0f"]
    bases = [f"{0x1F440 + i:x}" for i in range(200)]
    paths = [f"{folder}/{base}{kind}.png" for folder in ("p", "q") for base in bases for kind in kinds]
    layout = recognise(paths, "set")
    held = {path[2:7] for path in layout.held_out[0]}
    assert held == {base for base in bases if is_held_out(base)} and len(layout.held_out[0]) == 4 * len(held) > 40
    assert group_of("x/1f468-200d-1f469", True) == "1f468" and group_of("a-b", False) == "a-b"


def test_test_parts_are_left_alone_beside_val() -> None:
    layout = told("train/", "val/", "test/")
    assert layout.held_out[0] == tuple(names("val/")) and "40 pictures of the test part" in layout.notes[0]


def test_pictures_only() -> None:
    """All of them, whatever the folders; but neither small ones nor maps that lie beside."""
    everything = pictures_only(names("Set5/", "Set14/", count=5))
    assert len(everything.train[1] + everything.held_out[1]) == 10 and everything.train[0] == ()
    for beside in ("lq/", "edges/", "labels/"):
        photos = pictures_only(names("gt/" if beside == "lq/" else "images/", beside))
        assert all(path.startswith(("gt/", "images/")) for path in photos.train[1]) and not photos.paired
