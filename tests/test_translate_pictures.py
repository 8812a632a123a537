"""Pictures as users have them: what a file has is carried through, and everything that is wrong is one line."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from ganvas.data.picture import Unreadable
from ganvas.errors import GanvasError
from ganvas.models.networks import Translator
from ganvas.translate.applied import Applied, How, applied_snapshot, applied_stand_in
from ganvas.translate.deep_png import deep_png
from ganvas.translate.engine import Engine
from ganvas.translate.photo import Photo, on_white, read_labels, read_photo, write_photo
from ganvas.translate.work import Listed, Outcome, jobs_for, listed, still_to_do, work_through, writer

CHANCE = np.random.default_rng(0)
COLOUR = CHANCE.integers(0, 256, (33, 50, 3), dtype=np.uint8)
DEEP = CHANCE.integers(0, 65536, (20, 30), dtype=np.uint16)
IDENTITY = applied_stand_in("identity", None, How())
DOUBLE = applied_stand_in("nearest", 2, How())


class Pointwise(Translator):
    """A function of pixels in the place of a network."""

    reach = 0

    def __init__(self, function: Callable[[Tensor], Tensor], scale: int = 1) -> None:
        super().__init__()
        self.function, self.scale = function, scale

    def forward(self, source: Tensor) -> Tensor:
        large = nn.functional.interpolate(source, scale_factor=self.scale, mode="nearest")
        return self.function(large)


def applied(
    function: Callable[[Tensor], Tensor], channels: int, scale: int = 1, names: tuple[str, ...] = ()
) -> Applied:
    return Applied(Engine(Pointwise(function, scale), channels), names, keeps=scale > 1)


def stored(image: Image.Image, format: str, **options: Any) -> Callable[[str], io.BytesIO]:
    buffer = io.BytesIO()
    image.save(buffer, format=format, **options)
    return lambda _: io.BytesIO(buffer.getvalue())


def through(path: Path, photo: Photo) -> Photo:
    write_photo(photo, path)
    return read_photo(lambda name: (path.parent / name).open("rb"), path.name)


# Files


def test_sixteen_bit_grey_stays_sixteen_bit(tmp_path: Path) -> None:
    for ending in (".png", ".tif"):
        source = read_photo(stored(Image.fromarray(DEEP), "PNG"), "deep.png")
        back = through(tmp_path / f"out{ending}", IDENTITY(source))
        assert back.pixels.dtype == np.uint16
        assert np.array_equal(back.pixels[..., 0], DEEP)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sixteen_bit_png_of_every_colour_type_comes_back_to_the_bit(tmp_path: Path, channels: int) -> None:
    """Written here, read by the package's own reader and, high bytes, by Pillow."""
    pixels = CHANCE.integers(0, 65536, (21, 17, channels), dtype=np.uint16)
    alpha = channels in (2, 4)
    photo = Photo(pixels[..., : channels - alpha], pixels[..., -1] if alpha else None)
    back = through(tmp_path / "deep.png", photo)
    assert np.array_equal(back.pixels, photo.pixels)
    assert (back.alpha is None) == (photo.alpha is None)
    if photo.alpha is not None and back.alpha is not None:
        assert np.array_equal(back.alpha, photo.alpha)
    if channels == 3:
        high = np.asarray(Image.open(tmp_path / "deep.png"))
        assert np.abs(high.astype(int) - pixels // 256).max() <= 1


def test_a_deep_png_carries_its_profile() -> None:
    image = Image.open(io.BytesIO(deep_png(DEEP[..., None], b"a profile")))
    assert image.info["icc_profile"] == b"a profile"


def test_opacity_and_profile_are_carried_through(tmp_path: Path) -> None:
    rgba = np.dstack([COLOUR, COLOUR[..., 0]])
    source = read_photo(stored(Image.fromarray(rgba), "PNG", icc_profile=b"rgb profile"), "x.png")
    back = through(tmp_path / "x.png", DOUBLE(source))
    assert np.array_equal(back.pixels, COLOUR.repeat(2, 0).repeat(2, 1))
    assert back.alpha is not None and back.alpha.shape == (66, 100)
    assert back.profile == b"rgb profile"


def test_opacity_grows_by_bicubic_whatever_the_network() -> None:
    """Half seen through everywhere stays half seen through; bicubic overshoots nowhere on a constant."""
    photo = Photo(COLOUR, np.full((33, 50), 128, np.uint8))
    alpha = applied(lambda x: -x, 3, scale=4)(photo).alpha
    assert alpha is not None and alpha.shape == (132, 200) and set(alpha.ravel()) == {128}


def test_a_format_without_opacity_gets_white(tmp_path: Path) -> None:
    clear = Photo(np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8))
    assert through(tmp_path / "x.bmp", clear).pixels.min() == 255


def test_a_translation_sees_opacity_on_white_as_training_does() -> None:
    """And an enlargement sees the colours as they are stored: the opacity is put back, white would shine through."""
    clear = Photo(np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8))
    assert applied(lambda x: x, 3)(clear).pixels.min() == 255
    assert applied(lambda x: x, 3, scale=2)(clear).pixels.max() == 0
    assert np.array_equal(on_white(clear), np.full((16, 16, 3), 255))


@pytest.mark.parametrize("mode", ["CMYK", "P", "1", "L"])
def test_other_modes_become_colour_or_grey(mode: str) -> None:
    image = Image.fromarray(COLOUR).convert(mode)
    format = "JPEG" if mode == "CMYK" else "PNG"
    assert read_photo(stored(image, format), f"x.{format}").pixels.shape == (33, 50, 1 if mode in "1L" else 3)


def test_exif_turns_the_picture() -> None:
    image = Image.fromarray(COLOUR)
    exif = image.getexif()
    exif[0x0112] = 6
    assert read_photo(stored(image, "JPEG", exif=exif), "x.jpg").pixels.shape == (50, 33, 3)


def test_bands_that_no_picture_format_holds_are_one_line(tmp_path: Path) -> None:
    bands = Photo(CHANCE.integers(0, 256, (8, 9, 6), dtype=np.uint8))
    with pytest.raises(
        GanvasError, match=r"x\.png: PNG holds pictures of 1, 2, 3 or 4 channels, not 6; say --format npy$"
    ):
        write_photo(bands, tmp_path / "x.png")
    with pytest.raises(GanvasError, match=r"not 5; say --format npy$"):  # opacity takes one
        write_photo(Photo(bands.pixels[..., :4], bands.pixels[..., 5]), tmp_path / "x.webp")
    assert np.array_equal(through(tmp_path / "x.npy", bands).pixels, bands.pixels)


@pytest.mark.parametrize("ending", [".jpg", ".jpeg", ".bmp"])
@pytest.mark.parametrize("channels", [2, 4])
def test_formats_without_opacity_hold_one_or_three_channels(tmp_path: Path, channels: int, ending: str) -> None:
    """A network may make 2 or 4 that mean no opacity; what else is there could write them."""
    bands = Photo(CHANCE.integers(0, 256, (8, 9, channels), dtype=np.uint8))
    with pytest.raises(GanvasError, match=rf"pictures of 1 or 3 channels, not {channels}; say --format png or npy$"):
        write_photo(bands, tmp_path / f"x{ending}")
    for other in (".png", ".npy", ".webp", ".tif"):
        write_photo(bands, tmp_path / f"x{other}")
        assert (tmp_path / f"x{other}").is_file()
    assert not (tmp_path / f"x{ending}").exists()


# Channels


def test_grey_and_colour_find_together() -> None:
    grey, colour = Photo(COLOUR[..., :1]), Photo(COLOUR)
    luma = np.asarray(Image.fromarray(COLOUR).convert("L"))
    assert applied(lambda x: x, 3)(grey).pixels.shape == (33, 50, 3)  # a translation may colour what was grey
    assert np.array_equal(applied(lambda x: x, 3, scale=2)(grey).pixels[::2, ::2], grey.pixels)  # enlarging may not
    assert np.abs(applied(lambda x: x, 1)(colour).pixels[..., 0].astype(int) - luma).max() <= 1
    assert np.array_equal(applied(lambda x: x, 1, scale=2)(colour).pixels[::2, ::2], COLOUR)  # each colour by itself


def test_a_network_of_four_channels_sees_and_makes_opacity() -> None:
    photo = Photo(COLOUR, COLOUR[..., 0])
    made = applied(lambda x: -x, 4)(photo)
    assert np.array_equal(made.pixels, 255 - COLOUR)
    assert made.alpha is not None and np.array_equal(made.alpha, 255 - COLOUR[..., 0])
    opaque = applied(lambda x: x, 4)(Photo(COLOUR))
    assert opaque.alpha is not None and opaque.alpha.min() == 255


def test_a_number_of_channels_that_does_not_fit_is_one_line() -> None:
    with pytest.raises(Unreadable, match="has 3 channels, the network wants 7"):
        applied(lambda x: x, 7)(Photo(COLOUR))


# Maps of classes


def test_label_maps_become_one_channel_a_class() -> None:
    """Palette indices, not the palette's colours; 255 is no class; the network sees 0 and 1."""
    labels = np.tile(np.array([0, 1, 2, 255], np.uint8), (16, 4))
    image = Image.fromarray(labels, "P")
    image.putpalette([9, 8, 7] * 256)
    photo = read_labels(stored(image, "PNG"), "map.png")
    seen: list[Tensor] = []

    def look(x: Tensor) -> Tensor:
        seen.append(x)
        return x

    made = applied(look, 3, names=("sky", "road", "tree"))(photo)
    assert torch.equal(seen[0][0, :, 0, :4], torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]))
    assert made.pixels.shape == (16, 16, 3) and made.pixels.dtype == np.uint8


def test_a_class_that_there_is_not_names_file_and_value(tmp_path: Path) -> None:
    Image.fromarray(np.full((16, 16), 37, np.uint8)).save(tmp_path / "map.png")
    source = listed(tmp_path / "map.png")
    outcome = Outcome(1)
    net = applied(lambda x: x, 2, names=("sky", "road"))
    work_through(jobs_for(source, tmp_path / "map.png", tmp_path / "out.png"), net, outcome, lambda *_: None)
    assert outcome.failed == [
        "map.png: holds the value 37, but the network knows the classes 0 to 1 (sky … road), and 255 for none"
    ]
    with pytest.raises(Unreadable, match="no map of class numbers"):
        read_labels(stored(Image.fromarray(COLOUR), "PNG"), "x.png")


def test_a_network_of_classes_takes_nothing_but_maps_of_them() -> None:
    """From wherever the picture comes; 16-bit class numbers and arrays that may not be written are as good as any."""
    net = applied(lambda x: x, 3, names=("sky", "road", "tree"))
    with pytest.raises(
        Unreadable, match=r"has 3 channels, but the network wants one, of the classes 0 to 2 \(sky … tree"
    ):
        net(Photo(COLOUR))
    with pytest.raises(Unreadable, match="holds the value 3, but the network knows the classes 0 to 2"):
        net(Photo(np.full((16, 16, 1), 3, np.uint8)))
    numbers = np.tile(np.array([0, 1, 2, 255], np.uint16), (16, 4))[..., None]
    numbers.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = net(Photo(numbers)).pixels
    assert made[0, :4].tolist() == [[65535, 32768, 32768], [32768, 65535, 32768], [32768, 32768, 65535], [32768] * 3]


# Folders, zips, files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "in"
    (place / "deep" / "er").mkdir(parents=True)
    Image.fromarray(COLOUR).save(place / "a.png")
    Image.fromarray(COLOUR).save(place / "a.jpg")
    Image.fromarray(COLOUR).save(place / "deep" / "er" / "b.webp", lossless=True)
    (place / "broken.png").write_text("no picture")
    (place / "notes.txt").write_text("nothing to see")
    return place


def run(place: Path, out: Path, net: Applied = IDENTITY, format: str | None = None) -> Outcome:
    source = listed(place, but=out)
    jobs = jobs_for(source, place, out, format)
    outcome = Outcome(len(jobs))
    work_through(jobs, net, outcome, lambda *_: None)
    return outcome


def test_a_folder_keeps_names_and_formats_and_passes_over_what_is_broken(folder: Path, tmp_path: Path) -> None:
    outcome = run(folder, tmp_path / "out")
    made = sorted(file.relative_to(tmp_path / "out").as_posix() for file in (tmp_path / "out").rglob("*.*"))
    assert made == ["a.jpg", "a.png", "deep/er/b.webp"]
    assert outcome.done == 3 and outcome.failed == ["broken.png: not a picture that can be read"]
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "a.png")), COLOUR)


def test_films_in_a_folder_are_told_of(folder: Path) -> None:
    (folder / "deep" / "film.mp4").write_text("")
    assert listed(folder).films == ("deep/film.mp4",)
    assert "deep/film.mp4" not in listed(folder).names


def test_one_format_for_all_keeps_apart_what_had_one_name(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out", format="png")
    made = sorted(file.name for file in (tmp_path / "out").rglob("*.*"))
    assert made == ["a.jpg.png", "a.png", "b.png"]


@pytest.mark.parametrize(
    ("names", "format", "results"),
    [
        ("a.png a.jpg a.jpg.png", "png", "a.png a.jpg.png.png a.jpg.png"),
        ("a.jpg a.webp b.jpg", "png", "a.jpg.png a.webp.png b.png"),
        ("a.png a.jpg a.jpg.webp", "png", "a.png a.jpg.png a.jpg.png.png"),
        ("x/a.gif x/a.png x/a.gif.png a.gif", None, "x/a.gif.png.png x/a.png x/a.gif.png a.png"),
        ("a.PNG a.png", "png", "a.PNG.png a.png"),
    ],
)
def test_no_two_results_have_one_name(tmp_path: Path, names: str, format: str | None, results: str) -> None:
    source = Listed(tuple(names.split()), lambda _: io.BytesIO(), lambda _: 0.0)
    targets = [
        job.out.relative_to(tmp_path / "out").as_posix() for job in jobs_for(source, tmp_path, tmp_path / "out", format)
    ]
    assert targets == results.split()


def test_a_zip_is_a_folder_and_may_not_point_out_of_itself(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.write(folder / "a.png", "x/a.png")
    assert run(tmp_path / "in.zip", tmp_path / "out").done == 1
    assert (tmp_path / "out" / "x" / "a.png").is_file()
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("/a.png", (folder / "a.png").read_bytes())
    with pytest.raises(GanvasError, match="points out of the archive"):
        listed(tmp_path / "bad.zip")


def test_results_inside_the_source_are_not_sources_the_next_time(folder: Path) -> None:
    out = folder / "results"
    assert run(folder, out).done == 3
    assert len(listed(folder, but=out).names) == 4
    with pytest.raises(GanvasError, match="would write over the source"):
        listed(folder, but=folder)


def test_what_is_newer_than_its_source_and_the_snapshot_is_not_made_again(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    source = listed(folder)
    jobs = jobs_for(source, folder, out)
    assert [job.name for job in still_to_do(jobs, source, newest=0.0)] == ["broken.png"]
    later = (out / "a.png").stat().st_mtime + 1000
    assert len(still_to_do(jobs, source, newest=later)) == 4
    (out / "a.jpg").unlink()
    assert [job.name for job in still_to_do(jobs, source, newest=0.0)] == ["a.jpg", "broken.png"]


def test_an_interruption_leaves_whole_files_and_a_true_count(folder: Path, tmp_path: Path) -> None:
    calls = 0

    def interrupted(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 3:  # the first asks how much memory it takes
            raise KeyboardInterrupt
        return x

    source, out = listed(folder), tmp_path / "out"
    outcome = Outcome(4)
    with pytest.raises(KeyboardInterrupt):
        work_through(jobs_for(source, folder, out), applied(interrupted, 3), outcome, lambda *_: None)
    assert outcome.done == 1
    assert [file.name for file in out.rglob("*")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("what", "out", "line"),
    [
        ("", "file.png", "is a file, but there may be many pictures: name a folder"),
        ("a.png", "x.heic", "--out .*heic: pictures are written as .png"),
        ("a.png", "in/a.png", "would write over the source"),
        ("notes.txt", "x.png", r"notes\.txt is no picture, folder, zip or film by its name"),
        ("half.zip", "out", r"half\.zip is damaged or no zip"),
        ("", "all.zip", r"results go into a folder, not into a zip"),
        ("nothing.png", "x.png", r"nothing\.png: no such file or folder"),
        ("deep/er/..", "out", "deep/er/..|holds no pictures"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, tmp_path: Path, what: str, out: str, line: str) -> None:
    (tmp_path / "file.png").write_text("")
    (folder / "half.zip").write_bytes(b"PK\x03\x04 and no more")
    if ".." in what:
        (folder / "deep" / "er" / "b.webp").unlink()
    with pytest.raises(GanvasError, match=line) as error:
        run(folder / what, tmp_path / out)
    assert "\n" not in str(error.value)


def test_of_an_animation_among_pictures_the_first_frame_is_taken_and_that_is_said(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 20), (60 * i, 0, 0)) for i in range(3)]
    (tmp_path / "in").mkdir()
    frames[0].save(tmp_path / "in" / "moves.gif", save_all=True, append_images=frames[1:], duration=100)
    frames[0].save(tmp_path / "in" / "stands.gif")
    applying, outcome = applied(lambda x: x, 3), Outcome(2)
    source = listed(tmp_path / "in")
    work_through(jobs_for(source, tmp_path / "in", tmp_path / "out"), applying, outcome, lambda *_: None)
    assert outcome.done == 2
    assert applying.engine.notes == ["moves.gif moves: its first frame of 3 is taken; name it alone to have all"]


def test_a_writer_writes_where_jobs_would(tmp_path: Path) -> None:
    assert writer(["a.png"], None) is None
    write = writer(["x/a.gif"], tmp_path / "out")
    assert write is not None
    write("x/a.gif", Photo(COLOUR))
    assert (tmp_path / "out" / "x" / "a.png").is_file()
    with pytest.raises(GanvasError, match="--format heic"):
        writer(["a.png"], tmp_path, "heic")


def test_a_single_file_goes_into_a_folder_under_its_name(tmp_path: Path) -> None:
    source = Listed(("a.png",), lambda _: io.BytesIO(), lambda _: 0.0, single=True)
    assert jobs_for(source, tmp_path / "a.png", tmp_path / "out")[0].out == tmp_path / "out" / "a.png"
    assert jobs_for(source, tmp_path / "a.png", tmp_path / "b.jpg")[0].out == tmp_path / "b.jpg"


# Snapshots


def test_a_snapshot_that_draws_from_noise_cannot_translate(
    tiny: Callable[..., Any], snapshot_of: Callable[..., Any]
) -> None:
    with pytest.raises(GanvasError, match="cannot translate"):
        applied_snapshot(snapshot_of(tiny("sprint")), "digits", How())
