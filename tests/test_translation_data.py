"""From folders to windows: every layout on pictures made here, pixel by pixel, and each mistake by its line."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ganvas.data import DataSpec, Translations, open_data, open_translation
from ganvas.data.translation import as_network, flipped_windows, tasks, windows
from ganvas.errors import GanvasError

rng = np.random.default_rng(0)
Made = Callable[..., Translations]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANVAS_CACHE", str(tmp_path / "cache"))


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def noise(*shape: int) -> np.ndarray:
    return rng.integers(0, 256, shape, np.uint8)


@pytest.fixture(params=["folder", "zip"])
def opened(tmp_path: Path, request: pytest.FixtureRequest) -> Made:
    """``opened({name: bytes}, **spec)``, from a folder and from a zip."""

    def make(files: Mapping[str, bytes | str], **spec: Any) -> Translations:
        return open_translation(spec_of(tmp_path, files, request.param, **spec))

    return make


def spec_of(tmp_path: Path, files: Mapping[str, bytes | str], kind: str = "zip", **spec: Any) -> DataSpec:
    raw = {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}
    path = tmp_path / ("set.zip" if kind == "zip" else "set")
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in raw.items():
                archive.writestr(name, content)
    else:
        for name, content in raw.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return DataSpec.model_validate({"source": str(path), **spec})


def refused(tmp_path: Path, files: Mapping[str, bytes | str], **spec: Any) -> str:
    with pytest.raises(GanvasError) as caught:
        open_translation(spec_of(tmp_path, files, **spec))
    text = str(caught.value)
    assert "\n" not in text
    return text


def by_name(data: Translations, name: str) -> int:
    return list(data.stems).index(name)


def test_side_by_side(opened: Made) -> None:
    """The left half is A, the right half B; BtoA translates from the right one."""
    pictures = {f"{part}/{i}.png": noise(6, 16, 3) for part, n in (("train", 3), ("val", 2)) for i in range(n)}
    data = opened({name: png(pixels) for name, pixels in pictures.items()}, direction="BtoA")
    assert (len(data), data.paired, data.names, str(data.space.shape)) == (3, True, ("B", "A"), "(3, 6, 8)")
    assert data.held_out is not None and len(data.held_out) == 2 and data.space.source is not None
    assert data.sources is not None
    for i, name in enumerate(data.stems):
        assert np.array_equal(data.images.whole(i), pictures[name][:, :8].transpose(2, 0, 1))
        assert np.array_equal(data.sources.whole(i), pictures[name][:, 8:].transpose(2, 0, 1))


def test_pictures_side_by_side_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both halves come of one look at the header and one at the pixels."""
    looks: dict[str, Counter[str]] = {name: Counter() for name in ("deep_header", "read_deep")}

    def counting(name: str) -> None:
        look = getattr(tasks, name)
        monkeypatch.setattr(tasks, name, lambda open_file, path: looks[name].update([path]) or look(open_file, path))

    for name in looks:
        counting(name)
    files = {f"{part}/{i}.png": png(noise(6, 16, 3)) for part in ("train", "val") for i in range(3)}
    data = open_translation(spec_of(tmp_path, files, direction="AtoB"))
    assert len(data) == 3 and looks == dict.fromkeys(looks, dict.fromkeys(files, 1))


def test_windows_of_pairs_are_cut_alike(opened: Made) -> None:
    """A is B inverted: so is every window of it, wherever it lies and however it is turned."""
    files = {}
    for i in range(6):
        picture = noise(12 + i, 20, 3)
        files |= {f"A/{i}.png": png(255 - picture), f"B/{i}.png": png(picture)}
    data = opened(files, direction="AtoB", crop=(9, 10))
    index, places = rng.integers(0, len(data), 32), rng.random((32, 2))
    images, sources = windows(data, index, places, np.arange(32) % 2 == 0)
    assert sources is not None and images.shape == (32, 3, 9, 10) and np.array_equal(images, 255 - sources)
    straight, _ = windows(data, index, places, np.zeros(32, bool))
    assert np.array_equal(straight[::2], images[::2, ..., ::-1]) and np.array_equal(straight[1::2], images[1::2])
    assert np.array_equal(straight, data.images.window(index, places, (9, 10)))


def test_small_and_large_pictures(opened: Made) -> None:
    """Each small pixel is the large ones' block: so it is of every window, whose corners lie on the small grid."""
    files = {}
    for i in range(4):
        small = noise(5 + i, 7, 3)
        large = small.repeat(3, 0).repeat(3, 1)
        files |= {f"lq/{i}.png": png(small), f"gt/{i}.png": png(large)}
    files["gt/odd.png"], files["lq/odd.png"] = png(noise(17, 21, 3)), png(noise(6, 7, 3))
    data = opened(files, direction="AtoB", crop=12)
    assert data.scale == 3 and data.space.source is not None and data.space.source.shape == (3, 4, 4)
    assert data.summary["skipped"]["gt/odd.png"].startswith("is 17x21, not 3 times the 6x7 of its partner lq/odd.png")
    images, sources = windows(data, np.arange(len(data)), rng.random((len(data), 2)), np.ones(len(data), bool))
    assert sources is not None and np.array_equal(images, sources.repeat(3, 2).repeat(3, 3))


def test_maps_of_classes(opened: Made) -> None:
    """Class numbers come out as channels of 0 and 1; 255 is none of them; edges are where neighbours differ."""
    number = np.zeros((4, 4), np.uint8)
    number[:, 2:], number[3, 3] = 1, 255
    palette = Image.fromarray(number, "P")
    palette.putpalette([9, 9, 9] * 256)
    file = io.BytesIO()
    palette.save(file, "PNG")
    files: dict[str, bytes | str] = {"classes.json": json.dumps(["sky", "road", "car"])}
    for part in ("train", "val"):
        files |= {f"{part}/images/0.png": png(noise(4, 4, 3)), f"{part}/labels/0.png": file.getvalue()}
    data = opened(files, direction="AtoB", edges=True)
    assert data.sources is not None and data.space.source is not None
    assert data.space.source.names == ("sky", "road", "car") and data.space.source.shape == (4, 4, 4)
    hot = data.sources_as_network(data.sources.whole(0)[None])[0]
    assert torch.equal(hot[0], torch.tensor(number == 0).float())
    assert torch.equal(hot[1], torch.tensor(number == 1).float())
    assert hot[2].sum() == 0 and hot[:3, 3, 3].sum() == 0
    expected = [[0, 1, 1, 0], [0, 1, 1, 0], [0, 1, 1, 1], [0, 1, 1, 1]]  # at the step, and around the ignored corner
    assert hot[3].tolist() == expected
    notes = " ".join(data.summary["notes"])
    assert "1 of 3 classes occur nowhere: car" in notes and "6.2% of the maps' pixels hold 255" in notes


def test_classes_nobody_names(tmp_path: Path) -> None:
    """Numbers are names; grey levels are a picture; `classes.txt` names them a line."""
    maps = {f"labels/{i}.png": png(rng.integers(0, 3, (8, 8)).astype(np.uint8)) for i in range(3)}
    photos = {f"images/{i}.png": png(noise(8, 8, 3)) for i in range(3)}
    plain = open_translation(spec_of(tmp_path, maps | photos, direction="AtoB"))
    assert plain.space.source is not None and plain.space.source.names == ("0", "1", "2")
    named = open_translation(spec_of(tmp_path, maps | photos | {"classes.txt": "a\nb\nc\n"}, direction="AtoB"))
    assert named.space.source is not None and named.space.source.names == ("a", "b", "c")
    grey = {name: png(noise(8, 8)) for name in maps}
    picture = open_translation(spec_of(tmp_path, grey | photos, direction="AtoB"))
    assert picture.classes == 0 and picture.space.source is not None and picture.space.source.channels == 1
    assert any("taken as pictures" in note for note in picture.summary["notes"])


def test_two_sets(opened: Made) -> None:
    """Each of its own length, drawn from by itself."""
    files = {f"train{s}/{s}{i}.png": png(noise(8, 8, 3)) for s, n in (("A", 5), ("B", 3)) for i in range(n)}
    files |= {f"test{s}/{i}.png": png(noise(8, 8, 3)) for s in "AB" for i in range(2)}
    data = opened(files, direction="AtoB", crop=6)
    assert not data.paired and data.sources is not None and (len(data), len(data.sources)) == (3, 5)
    assert data.space.source is not None and not data.space.source.paired and data.held_out is not None
    images, none = windows(data, np.array([2]), np.zeros((1, 2)), np.array([False]))
    sources = flipped_windows(data.sources, np.array([4]), np.zeros((1, 2)), np.array([True]), (6, 6))
    assert none is None and images.shape == sources.shape == (1, 3, 6, 6)


def test_pictures_only(opened: Made) -> None:
    sizes = {f"{i}.png": (8 + i, 12) for i in range(5)}
    data = opened({name: png(noise(*size, 3)) for name, size in sizes.items()}, crop=8)
    assert data.sources is None and data.space.source is None and data.space.shape == (3, 8, 8)
    held = data.held_out.stems if data.held_out else []
    assert sorted([*data.stems, *held]) == sorted(sizes)
    assert windows(data, np.array([0]), np.zeros((1, 2)), np.array([False]))[1] is None


@pytest.mark.parametrize(
    ("asked", "size"),
    [
        ({"fit": "stretch", "size": (4, 8)}, (4, 8)),
        ({"fit": "scale-width", "size": (99, 4)}, (8, 4)),  # 16x8 → the width to 4, the height along with it
        ({"fit": "cover", "size": 4}, (4, 4)),
        ({"fit": "none"}, (16, 8)),
    ],
)
def test_fits(tmp_path: Path, asked: dict[str, Any], size: tuple[int, int]) -> None:
    """Both of a pair alike, so that inverted stays inverted (within rounding)."""
    ramp = np.add.outer(np.arange(16) * 8, np.arange(8) * 8).astype(np.uint8)
    files = {}
    for i in range(3):
        files |= {f"A/{i}.png": png(255 - ramp), f"B/{i}.png": png(ramp)}
    data = open_translation(spec_of(tmp_path, files, direction="AtoB", **asked))
    assert data.images.size == size and data.sources is not None
    off = data.images.whole(0).astype(int) + data.sources.whole(0).astype(int) - 255
    assert abs(off).max() <= 1


def test_sixteen_bits_stay(tmp_path: Path) -> None:
    """Of a set with a 16-bit picture all are 16 bits: 8-bit white becomes 65535; [−1, 1] is reached at both ends."""
    deep = np.array([[0, 1], [32768, 65535]], np.uint16)
    files = {"0.png": png(deep), "1.png": png(np.full((2, 2), 255, np.uint8)), "2.png": png(deep)}
    data = open_translation(spec_of(tmp_path, files, crop=2))
    assert data.images.dtype == np.uint16
    pixels = {name: data.images.whole(by_name(data, name)) for name in data.stems}
    assert np.array_equal(next(v for k, v in pixels.items() if k != "1.png")[0], deep)
    network = as_network(deep[None, None]).flatten()
    assert network[0] == -1 and network[3] == 1 and network[1] - network[0] == pytest.approx(2 / 65535, rel=1e-2)


def test_opacity_is_laid_on_white_and_channels_are_chosen(tmp_path: Path) -> None:
    half = np.zeros((2, 2, 4), np.uint8)
    half[..., 3] = [[0, 255], [51, 255]]
    files = {"A/0.png": png(half), "B/0.png": png(noise(2, 2))}
    data = open_translation(spec_of(tmp_path, files, direction="AtoB"))
    assert data.sources is not None and data.sources.whole(0)[0].tolist() == [[255, 0], [204, 0]]
    assert (data.space.channels, data.sources.channels) == (1, 3)
    grey = open_translation(spec_of(tmp_path, files, direction="AtoB", channels=1))
    assert grey.sources is not None and grey.sources.channels == 1


def test_damage_takes_the_partner_with_it(tmp_path: Path) -> None:
    """A broken header, pixels that end too early and sizes that differ: left out by name, the others stay pairs."""
    files = {f"{s}/{i}.png": png(np.full((8, 8, 3), 20 * i, np.uint8)) for s in "AB" for i in range(6)}
    files |= {"A/1.png": b"no", "B/2.png": png(noise(8, 8, 3))[:-60], "B/3.png": png(noise(8, 9, 3))}
    data = open_translation(spec_of(tmp_path, files, direction="AtoB"))
    assert set(data.summary["skipped"]) == {"A/1.png", "B/2.png", "B/3.png"}
    assert data.summary["skipped"]["A/1.png"].endswith("B/1.png is left out with it")
    assert "is 8x9, not the 8x8 of its partner A/3.png" in data.summary["skipped"]["B/3.png"]
    assert data.sources is not None and list(data.stems) == [n.replace("A/", "B/") for n in data.sources.names]
    for i in range(len(data)):
        assert np.array_equal(data.images.whole(i), data.sources.whole(i))


def test_a_limit_is_spread_over_training_and_held_out(tmp_path: Path) -> None:
    files = {f"{part}/{s}/{i}.png": png(noise(4, 4)) for part in ("train", "val") for s in "AB" for i in range(9)}
    data = open_translation(spec_of(tmp_path, files, direction="AtoB", limit=3))
    assert len(data) == 3 and data.held_out is not None and len(data.held_out) == 3 and data.sources is not None
    places = [int(Path(name).stem) for name in data.stems]
    assert [place // 3 for place in places] == [0, 1, 2]  # one of each third


def test_decoded_once_and_told_apart(tmp_path: Path) -> None:
    """A crop is cut later and shares the decoded pictures; another direction does not. Old recipes still load."""
    files = {f"{s}/{i}.png": png(noise(8, 8, 3)) for s in "AB" for i in range(3)}
    spec = spec_of(tmp_path, files, direction="AtoB")
    first, cropped = open_translation(spec), open_translation(spec.but(crop=4))
    assert first.fingerprint == cropped.fingerprint and cropped.size == (4, 4)
    assert len(list((tmp_path / "cache" / "data").iterdir())) == 1
    assert open_translation(spec.but(direction="BtoA")).fingerprint != first.fingerprint
    assert not DataSpec.model_validate_json('{"source": "digits", "size": null, "mirror": false}').translates


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_what_was_left_out_comes_back_with_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TIFF that only tifffile reads: left out without it, there once it is installed, and left out again without."""
    pixels = noise(8, 8, 3)
    tifffile = ModuleType("tifffile")
    tifffile.__spec__ = ModuleSpec("tifffile", None)
    tifffile.imread = lambda file: pixels  # type: ignore[attr-defined]
    files = {f"{s}/{i}.png": png(noise(8, 8, 3)) for s in "AB" for i in range(2)}
    files |= {"A/2.tif": b"II*\0 of a kind of its own", "B/2.png": png(noise(8, 8, 3))}
    spec = spec_of(tmp_path, files, direction="AtoB")
    for installed in (None, tifffile, None):
        monkeypatch.setitem(sys.modules, "tifffile", installed)
        data = open_translation(spec)
        assert data.sources is not None and ("A/2.tif" in data.sources.names) == (installed is tifffile)
        assert ("A/2.tif" in data.summary["skipped"]) == (installed is None)
        if installed:
            read = data.sources.whole(list(data.sources.names).index("A/2.tif"))
            assert np.array_equal(read, pixels.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("files", "asked", "line"),
    [
        ({"readme.txt": b"x"}, {"direction": "AtoB"}, "holds no pictures"),
        ({"x/0.png": png(noise(4, 4)), "y/1.png": png(noise(4, 4))}, {"direction": "AtoB", "paired": True},
         "no picture in x/ has a partner"),
        ({"train/0.png": png(noise(4, 7)), "val/0.png": png(noise(4, 8))}, {"direction": "AtoB"},
         "train/0.png: is 7 pixels wide, so A and B cannot be its two halves"),
        ({"0.png": png(noise(4, 4)), "1.png": png(noise(9, 9))}, {"crop": 8}, "0.png is 4x4, smaller than a window"),
        ({"A/0.png": png(noise(4, 4)), "B/0.png": png(noise(4, 4)), "A/1.png": png(noise(9, 9)),
          "B/1.png": png(noise(9, 9))}, {"direction": "AtoB"}, "pictures of several sizes.*--crop, up to 4.*--size"),
        ({"labels/0.png": png(np.full((4, 4), 7, np.uint8)), "images/0.png": png(noise(4, 4, 3)),
          "classes.json": b'["a", "b"]'}, {"direction": "AtoB"},
         r"labels/0.png holds the value 7, but there are 2 classes, 0 to 1 \(255 is ignored\)"),
        ({"labels/0.png": png(noise(4, 4, 3)), "images/0.png": png(noise(4, 4, 3)), "classes.json": b'["a", "b"]'},
         {"direction": "AtoB"}, "labels/0.png: is a picture in RGB, no map of class numbers"),
        ({"labels/0.png": png(noise(4, 4)), "images/0.png": png(noise(4, 4, 3)), "classes.json": b"{oops"},
         {"direction": "AtoB"}, "classes.json is no list of class names"),
        ({"labels/0.png": png(noise(4, 4)), "images/0.png": png(noise(4, 4, 3))}, {"direction": "BtoA"},
         "from images/ into labels/ is not trained here"),
        ({"lq/0.png": png(noise(4, 4)), "gt/0.png": png(noise(8, 8))}, {"direction": "AtoB", "crop": 5},
         "--crop 5x5 is no multiple of the scale of these pairs, 2"),
        ({"lq/0.png": png(noise(4, 4)), "gt/0.png": png(noise(8, 8))}, {"direction": "AtoB", "size": 8},
         "use --crop instead of --size"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(tmp_path: Path, files: dict[str, bytes], asked: dict[str, Any], line: str) -> None:
    text = refused(tmp_path, files, **asked)
    assert re.search(line, text), text


def test_what_goes_where(tmp_path: Path) -> None:
    """Translations are not opened as plain pictures, and there must be something."""
    with pytest.raises(GanvasError, match="recipes that translate"):
        open_data(DataSpec(source="digits", crop=8))
    with pytest.raises(GanvasError, match="there is no folder or zip"):
        open_translation(DataSpec(source=str(tmp_path / "nowhere"), direction="AtoB"))
    with pytest.raises(ValueError, match="leaves every size as it is"):
        DataSpec(source="x", fit="none", size=8)
