"""Seeds, ways through the latent space, and the files that pictures end up in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from conftest import GREY, NAMED
from ganvas.errors import GanvasError
from ganvas.explore.animation import write_frames
from ganvas.explore.interpolation import interpolate
from ganvas.explore.sampling import columns_of, parse_seeds, write_pictures
from ganvas.latent.paths import PATHS, lerp, slerp
from ganvas.recipes.recipe import Recipe
from ganvas.snapshot import Snapshot

# --- seeds ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("0-3", [0, 1, 2, 3]),
        ("0-3,7", [0, 1, 2, 3, 7]),
        (" 5 , 1-2 ", [5, 1, 2]),
        ("4-4", [4]),
        ("3,3", [3, 3]),
    ],
)
def test_seeds_as_people_write_them(text: str, seeds: list[int]) -> None:
    assert parse_seeds(text) == seeds


@given(seeds=st.lists(st.integers(0, 10**6), min_size=1))
def test_any_list_of_seeds_can_be_written(seeds: list[int]) -> None:
    assert parse_seeds(",".join(map(str, seeds))) == seeds


@pytest.mark.parametrize("text", ["", "a", "1-", "-1", "1,,2", "1-b", "1.5", "0-3-5", "5-3"])
def test_what_is_no_list_of_seeds_is_told(text: str) -> None:
    """A range that runs backwards holds nothing, so it is told too."""
    with pytest.raises(GanvasError, match="--seeds"):
        parse_seeds(text)


# --- ways -------------------------------------------------------------------------------------------------------------

coordinates = st.lists(st.floats(-3, 3), min_size=4, max_size=4)


def latents(*rows: list[float]) -> list[Tensor]:
    return [torch.tensor(row, dtype=torch.float64) for row in rows]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
@given(a=coordinates, b=coordinates)
def test_a_way_meets_its_ends(path: Callable[..., Tensor], a: list[float], b: list[float]) -> None:
    start, end = latents(a, b)
    assume(start.norm() > 1e-3 and end.norm() > 1e-3)
    way = path(start, end, torch.linspace(0, 1, 5, dtype=torch.float64))
    assert way.shape == (5, 4)
    assert torch.allclose(way[0], start, atol=1e-9) and torch.allclose(way[-1], end, atol=1e-9)


@given(a=coordinates, b=coordinates)
def test_slerp_keeps_the_norm_and_turns_at_constant_speed(a: list[float], b: list[float]) -> None:
    """|z| goes evenly from |a| to |b| (so it is constant between equal lengths), and each of ten steps turns by a tenth
    of the angle."""
    start, end = latents(a, b)
    assume(start.norm() > 0.1 and end.norm() > 0.1)
    cosine = float(start @ end / start.norm() / end.norm())
    assume(abs(cosine) < 0.999)
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    way = slerp(start, end, t)
    assert torch.allclose(way.norm(dim=1), start.norm() + t * (end.norm() - start.norm()), rtol=1e-6)
    directions = way / way.norm(dim=1, keepdim=True)
    turns = torch.arccos((directions[:-1] * directions[1:]).sum(1).clamp(-1, 1))
    assert torch.allclose(turns, torch.full_like(turns, np.arccos(cosine) / 10), atol=1e-5)


def test_lerp_steps_are_equal_and_cut_through_the_sphere() -> None:
    """Half-way between two perpendicular unit vectors the straight line is at √½ of the length, the arc at 1."""
    a, b = torch.eye(2, dtype=torch.float64)
    t = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    assert lerp(a, b, t).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    assert float(slerp(a, b, t)[1].norm()) == pytest.approx(1.0)
    assert float(lerp(a, b, t)[1].norm()) == pytest.approx(0.5**0.5)


@pytest.mark.parametrize("end", [[2.0, 2.0], [1.0, 1.0], [-1.0, -1.0]], ids=["longer", "same", "opposite"])
def test_slerp_of_parallel_vectors_is_the_straight_line(end: list[float]) -> None:
    """There is no one great circle through them: finite, and both ends met."""
    a, b = latents([1.0, 1.0], end)
    t = torch.linspace(0, 1, 4, dtype=torch.float64)
    assert torch.allclose(slerp(a, b, t), lerp(a, b, t))


@pytest.mark.parametrize("zero", ["start", "end"])
def test_slerp_from_the_origin_is_finite(zero: str) -> None:
    """The mean itself has no direction: the straight line is taken."""
    a, b = latents([0.0, 0.0], [1.0, 2.0])
    way = slerp(*(a, b) if zero == "start" else (b, a), torch.linspace(0, 1, 3, dtype=torch.float64))
    assert torch.isfinite(way).all()


# --- from picture to picture ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grey(tiny: Callable[..., Recipe], snapshot_of: Callable[..., Snapshot]) -> Snapshot:
    return snapshot_of(tiny("sprint", space=GREY))


@pytest.fixture(scope="module")
def named(tiny: Callable[..., Recipe], snapshot_of: Callable[..., Snapshot]) -> Snapshot:
    return snapshot_of(tiny("sprint", space=NAMED))


@pytest.mark.parametrize("path", PATHS)
def test_frames_stop_at_every_seed(grey: Snapshot, path: str) -> None:
    """Three seeds, 5 steps each way with both ends counted: 4 + 4 + 1 frames, the seeds' own pictures at 0, 4 and 8.
    (An arc meets its ends to rounding, which may move a grey level by one.)"""
    frames = interpolate(grey, [3, 1, 4], steps=5, path=path)
    assert frames.shape == (9, *GREY.shape) and frames.dtype == np.uint8
    off = frames[[0, 4, 8]].astype(int) - grey.sample([3, 1, 4]).numpy()
    assert np.abs(off).max() <= 1


def test_a_loop_comes_back(grey: Snapshot) -> None:
    frames = interpolate(grey, [3, 1, 4], steps=5, loop=True)
    assert len(frames) == 13
    assert np.abs(frames[0].astype(int) - frames[-1]).max() <= 1


def test_small_steps_are_small_changes(grey: Snapshot) -> None:
    """Twice the steps, half the change: the way is continuous."""
    coarse, fine = (np.abs(np.diff(interpolate(grey, [0, 1], steps=n).astype(float), axis=0)).mean() for n in (9, 65))
    assert fine < coarse / 4


def test_the_class_stays_the_same_all_the_way(named: Snapshot) -> None:
    """The wanted one, else the first seed's: seed 1 is a dog, seed 2 would not be."""
    last = interpolate(named, [1, 2], steps=3)[-1].astype(int)
    as_dog = named.sample([2], condition=torch.tensor([1])).numpy()[0]
    assert np.abs(last - as_dog).max() <= 1
    assert np.array_equal(interpolate(named, [1, 2], steps=3, wanted="dog"), interpolate(named, [1, 2], steps=3))
    assert not np.array_equal(interpolate(named, [1, 2], steps=3, wanted="cat"), interpolate(named, [1, 2], steps=3))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"path": "slrep"}, "no path is called 'slrep'; did you mean 'slerp'"),
        ({"seeds": [1]}, "at least two seeds and two steps"),
        ({"steps": 1}, "at least two seeds and two steps"),
        ({"truncation": 2.0}, "outside"),
    ],
)
def test_what_is_no_way_is_told(grey: Snapshot, changes: dict[str, object], told: str) -> None:
    with pytest.raises(GanvasError, match=told):
        interpolate(grey, **{"seeds": [0, 1], **changes})  # type: ignore[arg-type]


# --- files ------------------------------------------------------------------------------------------------------------


def sheet_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_grid(named: Snapshot, tmp_path: Path) -> None:
    """5 pictures of 8×12 in 3 columns: 2 rows with gaps of 2 are 18 × 40, enlarged 10 times to be at least 400 wide;
    every pixel is in its place and the free cell is white."""
    images = named.sample(range(5)).numpy()
    said = write_pictures(images, range(5), tmp_path / "grid.png", columns=3)
    assert said == f"5 pictures in {tmp_path / 'grid.png'}"
    sheet = sheet_of(tmp_path / "grid.png")
    assert sheet.shape == (180, 400, 3)
    small = sheet[::10, ::10]
    assert np.array_equal(small[10:18, 14:26], images[4].transpose(1, 2, 0))
    assert (small[10:18, 28:40] == 255).all()


def test_arrays(named: Snapshot, tmp_path: Path) -> None:
    """uint8 (N, H, W, C) and int64 seeds, without pickles."""
    images = named.sample([5, 9]).numpy()
    write_pictures(images, [5, 9], tmp_path / "two.npz", columns=1)
    with np.load(tmp_path / "two.npz", allow_pickle=False) as arrays:
        assert arrays["images"].dtype == np.uint8 and arrays["seeds"].dtype == np.int64
        assert np.array_equal(arrays["images"], images.transpose(0, 2, 3, 1)) and arrays["seeds"].tolist() == [5, 9]


@pytest.mark.parametrize("kind", ["grey", "named"])
def test_a_folder_with_one_file_a_seed(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    images = request.getfixturevalue(kind).sample([5, 123456]).numpy()
    write_pictures(images, [5, 123456], tmp_path / "deep" / "folder", columns=1)
    written = sorted((tmp_path / "deep" / "folder").iterdir())
    assert [file.name for file in written] == ["seed000005.png", "seed123456.png"]
    expected = images[1].transpose(1, 2, 0) if kind == "named" else images[1][0]
    assert np.array_equal(sheet_of(written[1]), expected)


def test_another_ending_is_told(grey: Snapshot, tmp_path: Path) -> None:
    images = grey.sample([0, 1]).numpy()
    with pytest.raises(GanvasError, match=r"end it in .png \(one grid\), .npz \(arrays\)"):
        write_pictures(images, [0, 1], tmp_path / "grid.bmp", columns=1)
    with pytest.raises(GanvasError, match=r"end it in .png \(a strip\), .gif or .mp4"):
        write_frames(images, tmp_path / "way.avi", steps=2)
    assert not list(tmp_path.iterdir())


def test_how_many_stand_in_a_row() -> None:
    """A class a column where seeds walk through the classes; else nearly square, and never more columns than rows."""
    assert [columns_of(count) for count in (1, 9, 10, 100)] == [1, 3, 3, 10]
    assert [columns_of(count, classes=3) for count in (1, 2, 3, 30, 100)] == [1, 2, 3, 6, 9]


def test_a_strip_has_a_row_for_each_way(grey: Snapshot, tmp_path: Path) -> None:
    """Three seeds are two ways of 4 frames; the middle picture ends the first row and begins the second."""
    frames = interpolate(grey, [0, 1, 2], steps=4)
    assert write_frames(frames, tmp_path / "way.png", steps=4) == f"7 frames in {tmp_path / 'way.png'}"
    sheet = sheet_of(tmp_path / "way.png")
    factor = sheet.shape[1] // (4 * 10 - 2)
    small = sheet[::factor, ::factor]
    assert small.shape == (18, 38)
    assert np.array_equal(small[:8, 30:38], frames[3][0]) and np.array_equal(small[10:18, :8], frames[3][0])


def test_a_gif_has_every_frame_and_loops(grey: Snapshot, tmp_path: Path) -> None:
    frames = interpolate(grey, [0, 1], steps=6)
    write_frames(frames, tmp_path / "way.gif", steps=6)
    with Image.open(tmp_path / "way.gif") as film:
        assert getattr(film, "n_frames", 1) == 6 and film.info["loop"] == 0 and min(film.size) >= 256
        film.seek(5)
        last = np.asarray(film.convert("L"))[::32, ::32]
    assert np.abs(last.astype(int) - frames[5][0]).max() <= 1


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg here")
def test_a_film_has_every_frame(named: Snapshot, tmp_path: Path) -> None:
    """H.264, which every browser plays; its sides are even."""
    frames = interpolate(named, [0, 1], steps=6)
    write_frames(frames, tmp_path / "way.mp4", steps=6)
    raw = subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", tmp_path / "way.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        capture_output=True,
        check=True,
    ).stdout
    height, width = 8 * 22, 12 * 22  # enlarged by ⌈256 / 12⌉
    film = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    assert len(film) == 6
    # lossy: but the second frame is more like itself than like the last
    shown = film[1, 11::22, 11::22].astype(int)
    distances = [np.abs(shown - frame.transpose(1, 2, 0)).mean() for frame in frames]
    assert int(np.argmin(distances)) in (0, 1, 2)


def test_without_ffmpeg_a_film_is_refused_with_what_to_do(
    grey: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    with pytest.raises(GanvasError, match=r"films need ffmpeg: install it, or pip install 'ganvas\[video\]'"):
        write_frames(grey.sample([0, 1]).numpy(), tmp_path / "way.mp4", steps=2)
    assert not list(tmp_path.iterdir())
