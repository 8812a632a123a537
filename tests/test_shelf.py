"""Windows of pictures of many sizes: the right pixels, every corner as often, and a line for what is too small."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from ganvas.data.shelf import Shelf
from ganvas.errors import GanvasError


def shelf(*sizes: tuple[int, int], channels: int = 2, dtype: type = np.uint8) -> tuple[Shelf, list[np.ndarray]]:
    """Random pictures, with three bytes of something else between them."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, np.iinfo(dtype).max, (channels, *size)).astype(dtype) for size in sizes]
    parts, offsets, place = [], [], 0
    for picture in pictures:
        parts += [picture.tobytes(), b"???"]
        offsets.append(place)
        place += picture.nbytes + 3
    names = [f"{i}.png" for i in range(len(sizes))]
    flat = np.frombuffer(b"".join(parts), np.uint8)
    depth = "uint8" if dtype is np.uint8 else "uint16"
    return Shelf(flat, names, np.array(sizes), np.array(offsets), channels, depth), pictures


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pictures_and_their_windows(dtype: type) -> None:
    """Also at odd places in the map, where 16 bits lie across."""
    held, pictures = shelf((5, 7), (6, 4), (9, 9), dtype=dtype)
    assert len(held) == 3 and held.dtype == dtype and held.size is None
    for index, picture in enumerate(pictures):
        assert np.array_equal(held.whole(index), picture)
    # 9x9 leaves 6 x 5 corners for 4x5: place (.5, .99) is row 3, column 4; 6x4 has no column for 5
    cut = held.window(np.array([2, 0]), np.array([[0.5, 0.99], [0.0, 0.0]]), (4, 5))
    assert np.array_equal(cut[0], pictures[2][:, 3:7, 4:9]) and np.array_equal(cut[1], pictures[0][:, :4, :5])
    assert cut.dtype == dtype


def test_every_corner_comes_as_often() -> None:
    """7 − 4 + 1 = 4 columns and 2 rows: of 800 even places each corner gets 100, the last ones too."""
    held, _ = shelf((5, 7))
    places = np.stack(np.meshgrid((np.arange(20) + 0.5) / 20, (np.arange(40) + 0.5) / 40), -1).reshape(-1, 2)
    corners = held.corners(np.zeros(800, np.int64), places, (4, 4))
    assert Counter(map(tuple, corners.tolist())) == {(y, x): 100 for y in range(2) for x in range(4)}
    assert held.corners(np.array([0]), np.array([[np.nextafter(1, 0)] * 2]), (4, 4)).tolist() == [[1, 3]]


def test_too_small_is_named() -> None:
    held, _ = shelf((5, 7), (6, 4))
    held.must_hold((5, 4))
    with pytest.raises(GanvasError, match=r"1\.png is 6x4, smaller than a window of 5x5.*--crop 4"):
        held.must_hold((5, 5))
    with pytest.raises(GanvasError, match=r"1\.png is 6x4"):
        held.window(np.array([0, 1]), np.zeros((2, 2)), (5, 5))


def test_a_part_shares_the_pixels() -> None:
    held, pictures = shelf((5, 7), (6, 4), (5, 7))
    part = held.part(np.array([0, 2]))
    assert part.size == (5, 7) and list(part.names) == ["0.png", "2.png"] and part.flat is held.flat
    assert np.array_equal(part.whole(1), pictures[2])
