"""``ganvas translate`` and ``ganvas upscale``: folders in, folders out, numbers as JSON, one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from console import Ganvas
from ganvas.recipes.overrides import overridden
from ganvas.recipes.table import RECIPES
from ganvas.snapshot import Snapshot
from ganvas.space import Source, Space
from ganvas.translate.photo import Photo, write_photo

CHANCE = np.random.default_rng(2)
RGB = Source(channels=3, height=64, width=64)
MAPS = Source(channels=2, height=64, width=64, names=("sky", "road"))


@pytest.fixture(scope="module")
def snapshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained and narrow: what they make is noise, but of the right size, and the same every time."""
    folder = tmp_path_factory.mktemp("snapshots")
    made: dict[str, tuple[str, Source | None, tuple[str, ...]]] = {
        "pix2pix": ("pix2pix", RGB, ("generator.width=4",)),
        "maps": ("pix2pix", MAPS, ("generator.width=4",)),
        "cyclegan": ("cyclegan", RGB.but(paired=False), ("generator.width=4", "generator.blocks=1")),
        "srresnet": ("srresnet", None, ("generator.width=4", "generator.blocks=1")),
        "sprint": ("sprint", None, ("generator.width=4",)),
    }
    for name, (recipe_name, source, changes) in made.items():
        torch.manual_seed(0)
        space = Space(channels=3, height=64, width=64, source=source)
        recipe = overridden(RECIPES[recipe_name](space), list(changes))
        networks = {role: network.eval() for role, network in recipe.networks(recipe.keeps).items()}
        Snapshot(networks, recipe, 0).save(folder / f"{name}.safetensors")
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    place = tmp_path / "photos"
    (place / "more").mkdir(parents=True)
    for name, size in (("a.png", (40, 30)), ("more/b.jpg", (33, 50)), ("more/c.png", (1, 1))):
        Image.fromarray(CHANCE.integers(0, 256, (*size, 3), dtype=np.uint8)).save(place / name)
    return place


def complaint(result: tuple[int, str, str]) -> str:
    """The one line of a failed call."""
    status, _, err = result
    lines = [line for line in err.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(lines) == 1 and "Traceback" not in err, err
    return lines[0]


def sizes(place: Path) -> dict[str, tuple[int, int]]:
    return {file.relative_to(place).as_posix(): Image.open(file).size for file in place.rglob("*.*")}


def numbers(name: str) -> dict[str, Any]:
    return json.loads(Path(name).read_text())


def test_a_folder_is_translated_size_for_size_and_says_how(ganvas: Ganvas, snapshots: Path, photos: Path) -> None:
    words = ("translate", snapshots / "pix2pix.safetensors", photos, "--out", "out", "--json", "n.json")
    status, out, _ = ganvas(*words)
    assert status == 0
    assert sizes(Path("out")) == {"a.png": (30, 40), "more/b.jpg": (50, 33), "more/c.png": (1, 1)}
    assert "3 pictures in out (train mode: dropout on" in out  # as pix2pix is tested, by its recipe
    told = numbers("n.json")
    assert (told["mode"], told["pictures"], told["skipped"], told["failed"]) == ("train", 3, 0, [])
    first = Path("out/a.png").read_bytes()
    status, out, _ = ganvas(*words)
    assert "0 pictures" in out and "3 were there already" in out
    assert ganvas(*words, "--overwrite")[0] == 0
    assert Path("out/a.png").read_bytes() == first
    ganvas(*words, "--overwrite", "--seed", 1)
    assert Path("out/a.png").read_bytes() != first
    assert "(eval mode" in ganvas(*words, "--overwrite", "--mode", "eval")[1]


def test_enlarging_and_the_way_back(ganvas: Ganvas, snapshots: Path, photos: Path) -> None:
    assert ganvas("upscale", snapshots / "srresnet.safetensors", photos, "--out", "large")[0] == 0
    assert sizes(Path("large")) == {"a.png": (120, 160), "more/b.jpg": (200, 132), "more/c.png": (4, 4)}
    both = [("there", ()), ("back", ("--reverse",))]
    for out, words in both:
        assert (
            ganvas("translate", snapshots / "cyclegan.safetensors", photos / "a.png", "--out", f"{out}.png", *words)[0]
            == 0
        )
    assert Path("there.png").read_bytes() != Path("back.png").read_bytes()


def test_maps_of_classes_are_translated(ganvas: Ganvas, snapshots: Path, tmp_path: Path) -> None:
    Image.fromarray(CHANCE.integers(0, 2, (32, 40), dtype=np.uint8)).save(tmp_path / "map.png")
    assert ganvas("translate", snapshots / "maps.safetensors", "map.png", "--out", "out.png")[0] == 0
    assert Image.open("out.png").size == (40, 32)
    Image.fromarray(np.full((32, 40), 5, np.uint8)).save(tmp_path / "map.png")
    line = complaint(ganvas("translate", snapshots / "maps.safetensors", "map.png", "--out", "out.png"))
    assert "map.png: holds the value 5, but the network knows the classes 0 to 1" in line


def test_scores_are_of_the_classes_that_the_network_knows(ganvas: Ganvas, snapshots: Path) -> None:
    """Class 0 of one data set is the sky, of the other the road: right numbers of wrong things. And pictures are none,
    nor are maps for a network of pictures."""
    for name, classes in (("same", ["sky", "road"]), ("other", ["road", "sky"])):
        pictures_at(Path(name), "images/1.png", "images/2.png")
        for number in (1, 2):
            Path(name, "labels").mkdir(exist_ok=True)
            Image.fromarray(CHANCE.integers(0, 2, (32, 32), dtype=np.uint8)).save(f"{name}/labels/{number}.png")
        Path(name, "classes.json").write_text(json.dumps(classes))
    pictures_at(Path("photos"), "A/1.png", "B/1.png")
    maps, pix2pix = (snapshots / f"{name}.safetensors" for name in ("maps", "pix2pix"))
    assert ganvas("translate", maps, "same", "--score")[0] == 0
    line = complaint(ganvas("translate", maps, "other", "--score"))
    assert (
        "translates maps of the classes sky, road, other has maps of the classes road, sky; take its own data" in line
    )
    assert "translates maps of the classes sky, road, photos has pictures" in complaint(
        ganvas("translate", maps, "photos", "--score")
    )
    assert "translates pictures, same has maps of the classes" in complaint(
        ganvas("translate", pix2pix, "same", "--score")
    )


def test_what_is_broken_is_named_at_the_end_with_status_1(ganvas: Ganvas, photos: Path) -> None:
    (photos / "text.png").write_text("no picture")
    status, out, err = ganvas("upscale", "nearest", photos, "--scale", 2, "--out", "out", "--json", "n.json")
    assert status == 1 and "3 pictures in out" in out
    assert "failed: text.png: not a picture that can be read" in err
    assert numbers("n.json")["failed"] == ["text.png: not a picture that can be read"]
    line = complaint(ganvas("translate", "identity", photos / "text.png", "--out", "x.png"))
    assert line.endswith("text.png: not a picture that can be read")
    assert not Path("x.png").exists()


def test_scores_of_enlarging_stand_beside_bicubic(ganvas: Ganvas, snapshots: Path, tmp_path: Path) -> None:
    for name in ("one/a", "one/b", "two/c"):
        (tmp_path / "truth" / name).parent.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(CHANCE.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / "truth" / f"{name}.png")
    words = ("upscale", snapshots / "srresnet.safetensors", "truth", "--score", "--json", "n.json", "--out", "out")
    status, out, _ = ganvas(*words)
    assert status == 0 and "bicubic (baseline)" in out and "shrunk by MATLAB's bicubic" in out
    told = numbers("n.json")
    assert [(one["name"], one["pictures"]) for one in told["sets"]] == [("one", 2), ("two", 1)]
    assert told["protocol"]["baseline"] == "bicubic" and told["protocol"]["border"] == 4
    for one in told["sets"]:  # nothing was learnt
        assert one["result"]["psnr_y_db"]["value"] < one["baseline"]["psnr_y_db"]["value"]
    assert sizes(Path("out"))["one/a.png"] == (64, 48)


def test_scores_of_a_translation_stand_beside_identity(ganvas: Ganvas, photos: Path, tmp_path: Path) -> None:
    status, out, _ = ganvas("translate", "identity", photos, "--score", "--truth", photos, "--json", "n.json")
    assert status == 0 and "3 of 3 sources have a truth of their name" in out
    assert numbers("n.json")["sets"][0]["result"]["ssim_y"]["value"] == pytest.approx(1)
    pairs = tmp_path / "pairs" / "train"
    pairs.mkdir(parents=True)
    for number in range(3):
        Image.fromarray(CHANCE.integers(0, 256, (32, 64, 3), dtype=np.uint8)).save(pairs / f"{number}.png")
    (tmp_path / "pairs" / "val").mkdir()
    (pairs / "2.png").rename(tmp_path / "pairs" / "val" / "2.png")
    status, out, _ = ganvas("translate", "identity", "pairs", "--score", "--json", "n.json")
    assert status == 0 and "1 pair (held out)" in out
    assert len(numbers("n.json")["pictures"]) == 1


def test_an_interruption_says_how_far_it_came(ganvas: Ganvas, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganvas.translate import work

    real, calls = work.write_photo, []

    def second_is_interrupted(*words: Any) -> None:
        calls.append(words)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*words)

    monkeypatch.setattr(work, "write_photo", second_is_interrupted)
    status, _, err = ganvas("translate", "identity", photos, "--out", "out")
    assert status == 130
    assert "interrupted: 1 of 3 pictures are done, all of them whole; the same command goes on" in err
    assert sizes(Path("out")) == {"a.png": (30, 40)}
    assert "2 pictures in out" in ganvas("translate", "identity", photos, "--out", "out")[1]


def pictures_at(place: Path, *names: str, size: tuple[int, int] = (32, 32)) -> None:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(CHANCE.integers(0, 256, (*size, 3), dtype=np.uint8)).save(place / name)


@pytest.mark.parametrize(
    ("names", "words", "made", "told"),
    [
        (("A/1", "B/1"), "pix2pix", ["A/1"], "A/ and B/ paired by name: only A (1 picture) is translated, not B"),
        (("A/1", "B/1"), "cyclegan --reverse", ["B/1"], "only B (1 picture) is translated, not A"),
        (
            ("trainA/1", "trainB/2", "testA/3", "testB/4", "valA/5", "valB/6"),
            "cyclegan",
            ["testA/3", "trainA/1", "valA/5"],
            "only A (3 pictures) is translated, not B",
        ),
        (("test/labels/1", "test/images/1"), "pix2pix", ["test/labels/1"], "only labels (1 picture)"),
        (("one/1", "two/1"), "pix2pix", ["one/1", "two/1"], "and both are translated; name one to have it alone"),
        (("one/1", "two/2"), "pix2pix", ["one/1", "two/2"], None),
        (("A/1", "B/1", "C/1"), "pix2pix", ["A/1", "B/1", "C/1"], None),
        (("train/1", "val/1"), "pix2pix", ["train/1", "val/1"], None),
        (("A/1", "B/1"), "srresnet", ["A/1", "B/1"], None),  # whatever lies there can be enlarged
    ],
)
def test_of_a_folder_of_pairs_the_sources_are_translated(
    ganvas: Ganvas, snapshots: Path, names: tuple[str, ...], words: str, made: list[str], told: str | None
) -> None:
    """Where the folders' names say what they are; a plain folder stays as it is. What is made the second time, with the
    results inside the source, is the same."""
    pictures_at(Path("set"), *(f"{name}.png" for name in names))
    network, *rest = words.split()
    for _ in range(2):
        words_now = ("translate", snapshots / f"{network}.safetensors", "set", "--out", "set/out", "--json", "n.json")
        status, _, err = ganvas(*words_now, *rest)
        assert status == 0 and sorted(sizes(Path("set/out"))) == [f"{name}.png" for name in made]
        assert numbers("n.json")["notes"] == [line for line in err.replace("note: ", "").splitlines() if line]
        assert (told in err) if told else "note" not in err


def test_of_double_pictures_half_is_translated(ganvas: Ganvas, snapshots: Path) -> None:
    """Below train, val or test, where all are twice as wide as high; elsewhere a note says how to get there."""
    pictures_at(Path("set"), "val/1.png", "val/2.png", size=(32, 64))
    words = ("translate", snapshots / "cyclegan.safetensors")
    for place, out, half in (("set", "a/val", "left"), ("set/val", "b", "left"), ("set/val", "c", "right")):
        status, _, err = ganvas(*words, place, "--out", out.split("/")[0], *["--reverse"] * (half == "right"))
        assert (
            status == 0 and f"2 pictures with A and B side by side: only the {half} half of each is translated" in err
        )
        assert sizes(Path(out)) == {"1.png": (32, 32), "2.png": (32, 32)}
    left = Image.open("set/val/1.png").crop((0, 0, 32, 32))
    left.save("left.png")
    ganvas(*words, "left.png", "--out", "left_out.png")
    assert np.array_equal(np.asarray(Image.open("left_out.png")), np.asarray(Image.open("b/1.png")))
    Path("set/val").rename("plain")
    status, _, err = ganvas(*words, "plain", "--out", "d")
    assert status == 0 and "note: all pictures are twice as wide as high" in err
    assert sizes(Path("d"))["1.png"] == (64, 32)


def test_of_many_failures_the_first_are_printed_and_the_rest_counted(ganvas: Ganvas) -> None:
    """5 of 7; the JSON has all."""
    pictures_at(Path("in"), "a.png")
    for number in range(7):
        Path(f"in/z{number}.png").write_text("no picture")
    status, _, err = ganvas("translate", "identity", "in", "--out", "out", "--json", "n.json")
    assert status == 1 and err.count("failed: z") == 5 and "… and 2 more failed; --json has all" in err
    assert len(numbers("n.json")["failed"]) == 7


def test_tiles_say_what_they_cost_before_they_are_done(
    ganvas: Ganvas, snapshots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A U-Net sees the whole picture in each pixel, a ResNet does not; a CycleGAN of one block normalises 1 + 2 + 2 + 2
    times by the whole picture, so it runs 1 + (7 + 1) / 2 = 5 times."""
    pictures_at(Path(), "a.png", size=(64, 192))
    told = {}
    for name in ("pix2pix", "cyclegan"):
        words = ("translate", snapshots / f"{name}.safetensors", "a.png", "--out", f"{name}.png", "--json", "n.json")
        assert ganvas(*words)[2] == "" and numbers("n.json")["notes"] == []
        status, _, err = ganvas(*words, "--tile", 64)
        assert status == 0 and err.splitlines() == [f"note: {line}" for line in numbers("n.json")["notes"]]
        told[name] = err
    assert "not quite that of the whole picture" in told["pix2pix"]
    assert "not quite" not in told["cyclegan"]
    assert (
        "takes 5 times as long and more: the statistics of 7 layers" in told["cyclegan"]
        and "--passes 4" in told["cyclegan"]
    )
    stopped = ganvas(
        "translate", snapshots / "cyclegan.safetensors", "a.png", "--out", "x.png", "--tile", 64, "--passes", 1
    )
    assert "times as long" not in stopped[2]


def test_sixteen_bits_say_where_they_are_lost(ganvas: Ganvas) -> None:
    """Once a format, however many pictures there are; PNG and arrays keep them."""
    for number in range(2):
        deep = Photo(CHANCE.integers(0, 65536, (8, 8, 3), dtype=np.uint16))
        write_photo(deep, Path(f"in/{number}.png"))
    for format, name in (("jpg", "JPEG"), ("webp", "WEBP"), ("bmp", "BMP"), ("tif", "TIFF"), ("png", ""), ("npy", "")):
        status, _, err = ganvas("translate", "identity", "in", "--out", format, "--format", format)
        assert status == 0 and err.count(f"note: 16-bit pictures become 8-bit in {name}") == (1 if name else 0), err


def test_what_is_its_own_baseline_has_one_row(ganvas: Ganvas) -> None:
    pictures_at(Path("truth"), "a.png", "b.png", size=(64, 64))
    status, out, _ = ganvas("upscale", "bicubic", "truth", "--scale", 4, "--score", "--json", "n.json")
    assert status == 0 and out.count("bicubic ") == 1 and "(baseline)" not in out
    assert numbers("n.json")["sets"][0]["baseline"] is None
    assert "bicubic (baseline)" in ganvas("upscale", "nearest", "truth", "--scale", 4, "--score")[1]
    out = ganvas("translate", "identity", "truth", "--truth", "truth", "--score")[1]
    assert "2 of 2 sources" in out and "(baseline)" not in out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "translate identity photos --out a.file/x",
            "cannot write a.file/x: no folder can be made there",
        ),
        ("translate {s}/sprint.safetensors photos --out x", "cannot translate"),
        ("translate {s}/pix2pix.safetensors photos --out x --reverse", "no network that leads back"),
        ("upscale {s}/pix2pix.safetensors photos --out x", "does not enlarge pictures"),
        ("upscale {s}/srresnet.safetensors photos --out x --scale 2", "enlarges 4 times"),
        ("upscale bicubic photos --out x", "bicubic needs --scale"),
        ("upscale bicubic photos --scale 2", "say with --out where the results should go"),
        ("translate identity empty --out x", "empty holds no pictures"),
        ("translate identity nowhere --out x", "nowhere: no such file or folder"),
        ("translate identity photos --out a.file", "a.file is a file"),
        ("translate identity photos --out x --tile 0", "--tile 0: say auto, off, or a side in pixels"),
        ("translate identity photos --out x --tile large", "--tile large: say auto, off, or a side in pixels"),
        ("translate identity photos --out x --mode fast", "--mode fast: say train"),
        ("translate identity photos --out x --format heic", "--format heic: pictures are written as"),
        ("translate identity photos --out x --truth photos", "--truth is for --score"),
        ("upscale bicubic films --scale 2 --score", "films holds films, but no pictures"),
        ("translate identity films --score --truth photos", "films holds films, but no pictures"),
        ("translate nothing photos --out x", "nothing: no such snapshot"),
    ],
)
def test_what_is_wrong_is_one_line(ganvas: Ganvas, snapshots: Path, photos: Path, words: str, line: str) -> None:
    Path("empty").mkdir()
    Path("films").mkdir()
    Path("films/a.mp4").write_text("")
    Path("a.file").write_text("")
    assert line in complaint(ganvas(*words.format(s=snapshots).split()))
    assert not Path("x").exists()
