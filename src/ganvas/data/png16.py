"""PNG files of 16 bits a channel, of which Pillow hands out the high bytes only where they are in colour.

Read after the specification (W3C PNG, sections 9 and 11): the chunks, one zlib stream, five filters. A filter looks at
the pixel to the left, the one above and the one between them, so all pixels of one diagonal x + y can be restored at
once: H + W steps for the whole picture, whatever filter each row has.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = 29
"""Bytes of a file that hold its `PngHead`."""
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""By colour type, opacity counted."""


@dataclass(frozen=True)
class PngHead:
    """What the first chunk says."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool

    @property
    def readable(self) -> bool:
        """Whether `read_png16` reads such a file."""
        return self.depth == 16 and self.colour in CHANNELS and not self.interlaced

    @property
    def alpha(self) -> bool:
        """Whether the last channel is opacity."""
        return self.colour in (4, 6)


def png_head(start: bytes) -> PngHead | None:
    """From the first `HEAD` bytes of a file; None if it is no PNG."""
    if len(start) < HEAD or start[:8] != SIGNATURE or start[12:16] != b"IHDR":
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", start[16:29])
    return PngHead(width, height, depth, colour, bool(interlaced))


def read_png16(raw: bytes) -> NDArray[np.uint16]:
    """A whole file that is `PngHead.readable` → uint16 (H, W, C).

    Raises:
        ValueError, zlib.error: it is damaged.
    """
    head = png_head(raw)
    if head is None or not head.readable:
        raise ValueError("no PNG of 16 bits a channel")
    each = 2 * CHANNELS[head.colour]  # bytes a pixel
    stream = zlib.decompress(_data(raw))
    if len(stream) < head.height * (1 + head.width * each):
        raise ValueError("the pixels end too early")
    rows = np.frombuffer(stream, np.uint8, head.height * (1 + head.width * each)).reshape(head.height, -1)
    pixels = _restored(rows[:, 0], rows[:, 1:].reshape(head.height, head.width, each))
    return pixels.view(">u2").astype(np.uint16)


def _data(raw: bytes) -> bytes:
    """The IDAT chunks joined, their check sums checked."""
    parts, place = [], len(SIGNATURE)
    while place + 12 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, place)
        body = raw[place + 8 : place + 8 + length]
        if kind == b"IDAT":
            if zlib.crc32(kind + body) != int.from_bytes(raw[place + 8 + length : place + 12 + length], "big"):
                raise ValueError("a check sum does not hold")
            parts.append(body)
        place += 12 + length
    return b"".join(parts)


def _restored(filters: NDArray[np.uint8], coded: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H,) filter types and (H, W, bytes) as stored → the bytes before filtering."""
    if filters.max() > 4:
        raise ValueError(f"filter {filters.max()} is none of the five")
    height, width, each = coded.shape
    pixels = np.empty_like(coded)
    # by row, below a row of zeros: the pixels of the last diagonal and of the one before
    last = np.zeros((height + 1, each), np.int16)
    older = last.copy()
    for diagonal in range(height + width - 1):
        rows = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        guess = _predicted(filters[rows, None], last[rows + 1], last[rows], older[rows])
        older = last.copy()
        last[rows + 1] = (coded[rows, diagonal - rows] + guess) & 255
        pixels[rows, diagonal - rows] = last[rows + 1]
    return pixels


def _predicted(
    filters: NDArray[np.uint8], left: NDArray[np.int16], above: NDArray[np.int16], between: NDArray[np.int16]
) -> NDArray[np.int16]:
    """What each filter (none, sub, up, average, Paeth) adds to a byte."""
    by_left, by_above, by_between = abs(above - between), abs(left - between), abs(left + above - 2 * between)
    paeth = np.where(
        (by_left <= by_above) & (by_left <= by_between), left, np.where(by_above <= by_between, above, between)
    )
    return np.choose(filters, [np.zeros_like(left), left, above, (left + above) // 2, paeth])
