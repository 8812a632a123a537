"""16-bit PNG files to the last bit, whichever filter each row was written with; and what else keeps its depth."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ganvas.data.full_depth import deep_header, read_deep
from ganvas.data.picture import Unreadable
from ganvas.data.png16 import CHANNELS, png_head, read_png16

rng = np.random.default_rng(0)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def paeth(left: int, above: int, between: int) -> int:
    """Section 9.4 of the specification, a byte at a time."""
    guess = left + above - between
    away = [abs(guess - left), abs(guess - above), abs(guess - between)]
    return (left, above, between)[away.index(min(away))]


def filtered(rows: NDArray[np.uint8], each: int, filters: list[int]) -> bytes:
    """Rows of bytes as a PNG writer stores them, written as plain loops from the specification."""
    out = bytearray()
    for y, kind in enumerate(filters):
        out.append(kind)
        for x in range(rows.shape[1]):
            left = int(rows[y, x - each]) if x >= each else 0
            above = int(rows[y - 1, x]) if y else 0
            between = int(rows[y - 1, x - each]) if y and x >= each else 0
            guess = (0, left, above, (left + above) // 2, paeth(left, above, between))[kind]
            out.append((int(rows[y, x]) - guess) & 255)
    return bytes(out)


def png16(values: NDArray[np.uint16], colour: int, filters: list[int], interlaced: int = 0) -> bytes:
    height, width, channels = values.shape
    rows = values.astype(">u2").view(np.uint8).reshape(height, -1)
    stream = zlib.compress(filtered(rows, 2 * channels, filters))
    head = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, interlaced)
    half = len(stream) // 2  # two chunks of one stream
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", stream[:half]), chunk(b"IDAT", stream[half:]), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_every_filter_is_undone(colour: int) -> None:
    values = rng.integers(0, 65536, (11, 7, CHANNELS[colour])).astype(np.uint16)
    raw = png16(values, colour, [4, 3, 2, 1, 0, 4, 4, 3, 1, 2, 4])
    assert np.array_equal(read_png16(raw), values)
    head = png_head(raw)
    assert head and (head.height, head.width, head.readable, head.alpha) == (11, 7, True, colour in (4, 6))


def test_what_pillow_wrote_is_read_alike() -> None:
    """Pillow chooses its filters itself."""
    values = (np.add.outer(np.arange(40), np.arange(60)) * 600).astype(np.uint16)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    assert np.array_equal(read_png16(file.getvalue())[..., 0], values)


def test_damage_is_said() -> None:
    values = rng.integers(0, 65536, (5, 6, 3)).astype(np.uint16)
    raw = bytearray(png16(values, 2, [4] * 5))
    raw[-30] ^= 255
    with pytest.raises(ValueError, match="check sum"):
        read_png16(bytes(raw))
    with pytest.raises(ValueError, match="no PNG"):
        read_png16(b"GIF89a")


def in_folder(folder: Path, name: str, raw: bytes) -> NDArray[np.generic]:
    (folder / name).write_bytes(raw)

    def open_file(wanted: str) -> io.BufferedReader:
        return (folder / wanted).open("rb")

    picture, header = read_deep(open_file, name), deep_header(open_file, name)
    assert header.size == picture.pixels.shape[:2] and header.deep == (picture.pixels.dtype == np.uint16)
    assert header.channels == picture.pixels.shape[2] - picture.alpha
    return picture.pixels


def test_depth_and_bands_are_kept(tmp_path: Path) -> None:
    """Colour PNG and grey TIFF of 16 bits, 7 bands in an array either way round, floats; 8 bits stay 8."""
    colour = rng.integers(0, 65536, (6, 5, 3)).astype(np.uint16)
    assert np.array_equal(in_folder(tmp_path, "a.png", png16(colour, 2, [0] * 6)), colour)
    tiff = io.BytesIO()
    Image.fromarray(colour[..., 0]).save(tiff, "TIFF")
    assert np.array_equal(in_folder(tmp_path, "a.tif", tiff.getvalue())[..., 0], colour[..., 0])
    bands = rng.integers(0, 65536, (7, 9, 8)).astype(np.uint16)
    array, packed, floats = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(array, bands)
    np.savez(packed, bands.transpose(1, 2, 0))
    np.save(floats, np.array([[0.0, 1.0], [0.5, 0.25]]))
    assert np.array_equal(in_folder(tmp_path, "b.npy", array.getvalue()), bands.transpose(1, 2, 0))
    assert np.array_equal(in_folder(tmp_path, "b.npz", packed.getvalue()), bands.transpose(1, 2, 0))
    assert in_folder(tmp_path, "c.npy", floats.getvalue())[..., 0].tolist() == [[0, 65535], [32768, 16384]]
    grey = io.BytesIO()
    Image.fromarray(np.full((4, 4), 9, np.uint8)).save(grey, "PNG")
    assert in_folder(tmp_path, "d.png", grey.getvalue()).dtype == np.uint8


@pytest.mark.parametrize(("name", "raw"), [("x.png", b"no"), ("x.npy", b"no"), ("x.tif", b"II*\0")])
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, raw: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        in_folder(tmp_path, name, raw)
    assert len(str(caught.value)) > 10


def test_floats_of_unknown_range_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, np.array([[0.0, 300.0]]))
    with pytest.raises(Unreadable, match="from 0 to 300"):
        in_folder(tmp_path, "x.npy", file.getvalue())
