"""Writing PNG files of 16 bits a channel in any of its colour types; Pillow writes them in grey alone.

After the specification (W3C PNG, section 11). Every row is filtered by what stands above it ("up"), which is simple and
makes smooth pictures small.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ganvas.data.png16 import CHANNELS, SIGNATURE

COLOUR_TYPE = {count: kind for kind, count in CHANNELS.items()}
UP = 2
"""The filter type."""


def deep_png(pixels: NDArray[np.uint16], profile: bytes | None = None) -> bytes:
    """uint16 (H, W, C), C = 1 grey, 2 with opacity, 3 colour, 4 with opacity → the bytes of a file."""
    height, width, channels = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPE[channels], 0, 0, 0)
    rows = np.ascontiguousarray(pixels.astype(">u2")).view(np.uint8).reshape(height, -1)
    filtered = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))  # modulo 256, as uint8 has it
    stream = np.concatenate([np.full((height, 1), UP, np.uint8), filtered], axis=1).tobytes()
    parts = [_chunk(b"IHDR", head)]
    if profile:
        parts.append(_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(profile)))
    return b"".join([SIGNATURE, *parts, _chunk(b"IDAT", zlib.compress(stream)), _chunk(b"IEND", b"")])


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
