"""MATLAB's bicubic, against its definition written as a plain loop, and against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ganvas.resizing import matlab_bicubic


def keys(x: float) -> float:
    """Keys 1981, eq. 15, a = −1/2."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def mirrored(place: int, side: int) -> int:
    """… 1 0 | 0 1 … side−1 | side−1 … : walked, not calculated."""
    while not 0 <= place < side:
        place = -1 - place if place < 0 else 2 * side - 1 - place
    return place


def plain_row(row: list[float], new: int) -> list[float]:
    """One new pixel after another: the kernel, as wide as the shrinking asks, laid on every old pixel in its reach."""
    old, wide, out = len(row), max(1.0, len(row) / new), []
    for place in range(new):
        centre = (place + 0.5) * old / new - 0.5
        reach = range(math.floor(centre - 2 * wide) - 1, math.ceil(centre + 2 * wide) + 2)
        weights = [keys((centre - other) / wide) for other in reach]
        values = [row[mirrored(other, old)] for other in reach]
        out.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
    return out


def plain(image: Tensor, size: tuple[int, int]) -> Tensor:
    """(H, W) → size, columns first, then rows."""
    down = torch.tensor([plain_row(column, size[0]) for column in image.T.tolist()], dtype=torch.float64).T
    return torch.tensor([plain_row(row, size[1]) for row in down.tolist()], dtype=torch.float64)


@pytest.mark.parametrize("size", [(3, 4), (12, 16), (7, 5), (13, 3), (24, 1), (12, 31), (48, 64), (1, 1)])
def test_it_is_what_the_definition_says(size: tuple[int, int]) -> None:
    """By 1/4 and by 4, up one way and down the other, to one pixel, across block borders, with mirroring beyond."""
    image = torch.rand(12, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 255
    assert torch.allclose(matlab_bicubic(image[None, None], size)[0, 0], plain(image, size), atol=1e-10)


def test_many_blocks_are_one_picture() -> None:
    """300 new pixels are made in three blocks; each reads only its part of the old ones."""
    image = torch.rand(2, 90, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(matlab_bicubic(image[None, None], (2, 300))[0, 0], plain(image, (2, 300)), atol=1e-12)


def test_known_rows() -> None:
    """Doubling puts new pixels ±1/4 from old ones: the weights are k(1/4), k(3/4), k(5/4), k(7/4) =
    111/128, 29/128, −9/128, −3/128. Of an impulse in the middle of five they are all that is seen."""
    impulse = torch.tensor([0.0, 0, 128, 0, 0], dtype=torch.float64).view(1, 1, 1, 5)
    expected = [-3.0, -9, 29, 111, 111, 29, -9, -3]
    assert matlab_bicubic(impulse, (1, 10)).flatten()[1:9].tolist() == pytest.approx(expected, abs=1e-12)
    # at the left border the pixel before the first is the first again: its weight 29 joins 111, and −3 joins too
    edge = torch.tensor([128.0, 0, 0, 0, 0], dtype=torch.float64).view(1, 1, 1, 5)
    assert matlab_bicubic(edge, (1, 10)).flatten()[0].item() == pytest.approx(111 + 29)


def test_shrinking_is_antialiased() -> None:
    """Stripes of one pixel fade to even grey when shrunk to a third; without antialiasing they come out as before."""
    stripes = (torch.arange(96) % 2).double().mul(255).expand(1, 1, 3, 96)
    faded = matlab_bicubic(stripes, (1, 32))[..., 3:-3]
    aliased = functional.interpolate(stripes, (1, 32), mode="bicubic", align_corners=False)[..., 3:-3]
    assert (faded - 127.5).abs().max() < 8 and (aliased - 127.5).abs().max() > 120


@pytest.mark.parametrize("size", [(5, 9), (40, 64), (16, 16)])
def test_an_even_picture_stays_even(size: tuple[int, int]) -> None:
    """The weights of every new pixel sum to one."""
    flat = torch.full((2, 3, 16, 16), 77.0)
    assert torch.equal(matlab_bicubic(flat, size), torch.full((2, 3, *size), 77.0))


def test_it_overshoots_and_leaves_clamping_to_others() -> None:
    step = torch.tensor([0.0, 0, 0, 255, 255, 255]).view(1, 1, 1, 6)
    grown = matlab_bicubic(step, (1, 24))
    assert grown.min() < -5 and grown.max() > 260 and grown.dtype == torch.float32


def test_gradients_are_the_weights_transposed() -> None:
    """Linear: what each old pixel's gradient sums to is how much of the new picture it makes; all of it, (3·4) ones."""
    image = torch.rand(1, 1, 12, 16, dtype=torch.float64, requires_grad=True)
    matlab_bicubic(image, (3, 4)).sum().backward()
    assert image.grad is not None and image.grad.sum().item() == pytest.approx(12)


def test_the_same_size_is_left_alone() -> None:
    image = torch.rand(1, 1, 3, 4)
    assert matlab_bicubic(image, (3, 4)) is image
