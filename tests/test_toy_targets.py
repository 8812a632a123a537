"""Distributions whose density is known: it adds up to 1, draws follow it, and pictures are read as they look."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import chi2

from ganvas.errors import GanvasError
from ganvas.toys.completion import target_of
from ganvas.toys.targets import MOST_CELLS, TARGETS, Cells, Mixture, Target, grid, picture, ring

LINE = target_of("-1.5:0.6:3,1.2:0.4:2")
ALL: dict[str, Target] = {
    **{name: make() for name, make in TARGETS.items()},
    "a picture": Cells(np.arange(12.0).reshape(3, 4)),
    "a line": LINE,
}
EVERY = pytest.mark.parametrize("target", ALL.values(), ids=ALL.keys())
CELLS = 20
LEVEL = 1e-4


def masses(target: Target, sub: int) -> np.ndarray:
    """(CELLS, …) by midpoint sums over ``sub`` places a cell and dimension, of [−extent, extent]."""
    side = ((np.arange(CELLS * sub) + 0.5) / (CELLS * sub) * 2 - 1) * target.extent
    places = np.stack(np.meshgrid(*[side] * target.dimensions, indexing="ij"), -1).reshape(-1, target.dimensions)
    split = (CELLS, sub) * target.dimensions
    sums = target.density(places).reshape(split).sum(axis=tuple(range(1, 2 * target.dimensions, 2)))
    return sums * (side[1] - side[0]) ** target.dimensions


def fine(target: Target) -> int:
    """Places a cell so that a step is at most σ; 12 fit every grid of cells here."""
    sigma = getattr(target, "sigma", 0.1)
    return 12 * int(np.ceil(2 * target.extent / CELLS / sigma / 12))


@EVERY
def test_densities_add_up_to_one(target: Target):
    """A midpoint sum of a Gaussian with steps of at most σ errs by 2 exp(−2π²) = 5e-9 a dimension (Poisson's summation
    formula); sums over constant cells are exact. What lies outside the extent is nothing, or 2 Φ(−4) = 6.3e-5 at most
    on the line, whose extent is four deviations."""
    lost = 6.4e-5 if target is LINE else 1e-7
    assert 1 - lost <= masses(target, fine(target)).sum() <= 1 + 1e-7


@EVERY
def test_draws_follow_the_density(target: Target):
    """Pearson's χ² of 20,000 draws over 20 cells a dimension (those expecting fewer than 5 together) against the
    density's masses, at the level of 1e-4; the same draws upside down are refused wherever that makes a difference."""
    points = target.draw(20_000, np.random.default_rng(0))
    assert points.shape == (20_000, target.dimensions)
    assert (np.abs(points) <= target.extent).all(1).mean() > 0.999
    expected = 20_000 * masses(target, fine(target)).ravel()
    assert chance(target, points, expected) > LEVEL
    if target in (ALL["a picture"], ALL["checkerboard"], ALL["swiss-roll"], LINE):
        assert chance(target, points * [*[1] * (target.dimensions - 1), -1], expected) < LEVEL


def chance(target: Target, points: np.ndarray, expected: np.ndarray) -> float:
    counts, _ = np.histogramdd(points, CELLS, [(-target.extent, target.extent)] * target.dimensions)
    counted, enough = counts.ravel(), expected >= 5
    rest, rest_expected = len(points) - counted[enough].sum(), len(points) - expected[enough].sum()
    squares = ((counted[enough] - expected[enough]) ** 2 / expected[enough]).sum()
    squares += (rest - rest_expected) ** 2 / max(rest_expected, 5.0)
    return float(chi2.sf(squares, enough.sum()))


def test_draws_are_the_seeds():
    for target in ALL.values():
        same, again, other = (target.draw(10, np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert (same == again).all() and (same != other).any()


def test_the_published_ring_and_grid():
    """Lin et al. 2018, section 4.1: eight on the unit circle, σ² = 1e-4; {−4, …, 4}², σ² = .0025; equal weights."""
    eight = ring()
    assert np.allclose(np.hypot(*eight.centres.T), 1)
    assert np.allclose(np.sort(np.arctan2(*eight.centres.T[::-1]) % (2 * np.pi)), np.arange(8) * np.pi / 4)
    assert eight.sigma**2 == pytest.approx(1e-4)
    many = grid()
    assert {tuple(centre) for centre in many.centres} == {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert many.sigma**2 == pytest.approx(0.0025)
    for target, count in ((eight, 8), (many, 25)):
        assert target.has_modes and np.allclose(target.weights, 1 / count) and len(target.weights) == count


def test_only_what_lies_apart_has_modes():
    """Centres farther apart than 6σ, as `mode_scores` wants them; curves are of overlapping ones."""
    for name, target in ALL.items():
        if isinstance(target, Mixture):
            apart = np.linalg.norm(target.centres[:, None] - target.centres, axis=2) + 1e9 * np.eye(len(target.centres))
            assert (apart.min() > 6 * target.sigma) == target.has_modes, name


def test_a_peak_by_hand():
    """At a mode of the grid: 1/25 · 1/(2πσ²) = 2.5465; the nearest other is 40σ away. On the line p(μ₁) is its own peak
    ⅗ / (.6 √2π) plus ⅖ / (.4 √2π) · exp(−(2.7/.4)²/2), which is nothing: .39894."""
    assert grid().density(np.zeros((1, 2))) == pytest.approx(1 / 25 / (2 * np.pi * 0.0025))
    assert LINE.density(np.array([[-1.5]])) == pytest.approx(1 / np.sqrt(2 * np.pi), abs=1e-9)


def test_cells_by_hand():
    """[[1, 2], [3, 4]] over [−1, 1]², cells of area 1: the top left has .1, the bottom right .4; outside is 0."""
    target = Cells(np.array([[1.0, 2.0], [3.0, 4.0]]))
    places = np.array([[-0.5, 0.5], [0.5, 0.5], [-0.5, -0.5], [0.5, -0.5], [1.5, 0.0], [0.0, -1.5]])
    assert target.density(places) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0, 0])


# --- pictures -------------------------------------------------------------------------------------------------------


def drawn(tmp_path: Path, pixels: np.ndarray, name: str = "drawing.png") -> Path:
    Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path / name


def test_a_dark_corner_is_where_it_was(tmp_path: Path):
    """Row 0, column 0: up and to the left is x < 0, y > 0."""
    pixels = np.full((4, 4), 255, np.uint8)
    pixels[0, 0] = 0
    points = picture(drawn(tmp_path, pixels)).draw(1000, np.random.default_rng(0))
    assert (points[:, 0] <= -0.5).all() and (points[:, 1] >= 0.5).all()


def test_dark_is_dense(tmp_path: Path):
    """Grey 51 is four times as far from white as 204: .8 against .2 of the mass."""
    target = picture(drawn(tmp_path, np.array([[51, 204], [255, 255]], np.uint8)))
    assert target.weights == pytest.approx(np.array([[0.8, 0.2], [0, 0]]))


def test_the_transparent_is_impossible(tmp_path: Path):
    """Black, but seen through: white; half seen through: half. Paper that is almost white (a scan) is white."""
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0, :, 3] = (255, 0, 128, 255)
    pixels[0, 3, :3] = 252
    target = picture(drawn(tmp_path, pixels))
    half = 128 / 255
    assert target.weights[1] == pytest.approx(np.array([1, 0, half, 0]) / (1 + half), abs=0.005)  # row 0 is padding


def test_sixteen_bits(tmp_path: Path):
    """13,107 of 65,535 is a fifth, as 51 of 255 is."""
    target = picture(drawn(tmp_path, np.array([[13107, 52428], [65535, 65535]], np.uint16)))
    assert target.weights == pytest.approx(np.array([[0.8, 0.2], [0, 0]]))


def test_an_oblong_is_padded_with_nothing(tmp_path: Path):
    """2 × 6 black pixels stand in the middle of 6 × 6: |y| ≤ ⅓, all x."""
    target = picture(drawn(tmp_path, np.zeros((2, 6), np.uint8)))
    assert target.weights.shape == (6, 6)
    points = target.draw(2000, np.random.default_rng(0))
    assert np.abs(points[:, 1]).max() <= 1 / 3 + 1e-12
    assert np.abs(points[:, 0]).max() > 0.99
    standing = picture(drawn(tmp_path, np.zeros((6, 2), np.uint8), "standing.png"))
    assert (standing.weights == target.weights.T).all()


def test_a_huge_picture_is_shrunk(tmp_path: Path):
    """3,000 × 1,500 with its left half black: 128 cells wide, the black still at x < 0 but for the blurred border."""
    pixels = np.full((1500, 3000), 255, np.uint8)
    pixels[:, :1500] = 0
    target = picture(drawn(tmp_path, pixels))
    assert target.weights.shape == (MOST_CELLS, MOST_CELLS)
    assert target.weights[:, : MOST_CELLS // 2 + 1].sum() > 0.999


def test_pictures_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "words.png").write_text("no picture")
    whole = drawn(tmp_path, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8), "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    drawn(tmp_path, np.full((5, 5), 255, np.uint8), "white.png")
    cases = {
        "missing.png": "there is no picture .*missing.png",
        "words.png": "words.png cannot be read as a picture",
        "cut.png": "cut.png cannot be read as a picture",
        ".": "cannot be read as a picture",
        "white.png": "white.png is white all over: dark is where points should be",
    }
    for name, line in cases.items():
        with pytest.raises(GanvasError, match=line):
            picture(tmp_path / name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(GanvasError, match=r"white.png cannot be read as a picture: .*decompression bomb"):
        picture(tmp_path / "white.png")
