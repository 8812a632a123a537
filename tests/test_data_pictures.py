"""Single pictures: every mode becomes the uint8 that arithmetic says, every damage becomes a reason."""

from __future__ import annotations

import io
import struct
import zlib
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from ganvas.data.fit import fit, suggest_size
from ganvas.data.picture import EncodedPictures, Picture, Unreadable, narrowed


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(raw: bytes) -> EncodedPictures:
    return EncodedPictures(["one"], lambda name: io.BytesIO(raw))


def fitted(raw: bytes, channels: int, size: tuple[int, int]) -> np.ndarray:
    return fit(opened(raw).read(0), channels, size)


def test_sixteen_bits_are_divided_by_257_and_rounded() -> None:
    """65535 / 257 = 255 exactly; the borders lie at 257 k ± 128: 128 → 0, 129 → 1, 385 → 1, 386 → 2."""
    values = np.array([0, 128, 129, 257, 385, 386, 65406, 65407, 65535], np.uint16)
    assert narrowed(values).tolist() == [0, 0, 1, 1, 1, 2, 254, 255, 255]
    grey = np.full((4, 5), 386, np.uint16)
    for image in (Image.fromarray(grey), Image.fromarray(grey.astype(np.int32), "I")):
        picture = opened(encoded(image, "TIFF")).read(0)
        assert picture.pixels.shape == (4, 5, 1)
        assert set(picture.pixels.ravel()) == {2}


@pytest.mark.parametrize(
    ("mode", "colour", "channels", "grey"),
    [
        ("1", 1, 1, 255),
        ("L", 51, 1, 51),
        ("RGB", (10, 10, 10), 3, 10),
        ("CMYK", (0, 0, 0, 155), 3, 100),
        ("YCbCr", (77, 128, 128), 3, 77),
        ("I;16", 257 * 9, 1, 9),
    ],
)
def test_modes_become_grey_or_colour(mode: str, colour: object, channels: int, grey: int) -> None:
    """One flat colour a mode; black ink of 155/255 leaves 100/255 of the light."""
    pictures = opened(encoded(Image.new(mode, (6, 4), colour), "TIFF"))  # type: ignore[arg-type]
    assert (pictures.header(0).channels, pictures.header(0).mode) == (channels, mode)
    pixels = pictures.read(0).pixels
    assert pixels.shape == (4, 6, channels)
    assert set(pixels.ravel()) == {grey}


def test_palette_is_colour_and_its_transparency_is_opacity() -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([200, 100, 0, 1, 2, 3])
    image.putpixel((0, 0), 1)
    solid, clear = encoded(image), encoded(image, transparency=1)
    assert opened(solid).read(0).pixels[1, 1].tolist() == [200, 100, 0]
    assert not opened(solid).header(0).alpha
    assert opened(clear).header(0).alpha
    laid = fitted(clear, 3, (4, 4))
    assert laid[:, 0, 0].tolist() == [255, 255, 255]  # the clear pixel shows the white below
    assert laid[:, 1, 1].tolist() == [200, 100, 0]


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 51)), ("LA", (0, 51))])
def test_opacity_is_laid_on_white_unless_asked_for(mode: str, colour: tuple[int, ...]) -> None:
    """Black at 51/255 = 20 % over white leaves 80 % of 255 = 204."""
    raw = encoded(Image.new(mode, (4, 4), colour))
    assert set(fitted(raw, 3, (4, 4)).ravel()) == {204}
    assert set(fitted(raw, 1, (4, 4)).ravel()) == {204}
    assert fitted(raw, 4, (4, 4))[:, 0, 0].tolist() == [0, 0, 0, 51]


def test_four_channels_of_an_opaque_picture_are_opaque() -> None:
    assert fitted(encoded(Image.new("RGB", (4, 4), (1, 2, 3))), 4, (4, 4))[:, 0, 0].tolist() == [1, 2, 3, 255]


def test_exif_orientation_is_applied_to_header_and_pixels() -> None:
    """Orientation 6 says: the camera was turned, rotate by 90° clockwise. The left edge (white) comes to the top."""
    pixels = np.zeros((8, 16), np.uint8)
    pixels[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
        pictures = opened(encoded(Image.fromarray(pixels).convert("RGB"), kind, exif=exif))
        header, turned = pictures.header(0), pictures.read(0).pixels
        assert (header.height, header.width) == turned.shape[:2] == (16, 8), kind
        assert turned[:6].min() > 200, kind
        assert turned[-6:].max() < 55, kind


def test_of_a_film_the_first_frame_is_taken() -> None:
    film = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    raw = encoded(film[0], "GIF", save_all=True, append_images=film[1:])
    assert fitted(raw, 3, (4, 4))[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_formats(kind: str) -> None:
    assert abs(int(fitted(encoded(Image.new("L", (8, 8), 100), kind), 1, (8, 8))[0, 4, 4]) - 100) <= 1


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that claims side x side pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not a picture"),
        (b"just a note\n", "not a picture"),
        (encoded(noise, "JPEG")[:900], "truncated"),
        (encoded(noise)[:3000], "truncated"),
        (encoded(Image.new("L", (1, 1))), "only 1x1 pixels"),
        (encoded(Image.new("L", (9, 1))), "only 1x9 pixels"),
        (encoded(Image.new("F", (4, 4)), "TIFF"), "32-bit floats"),
        (encoded(Image.fromarray(np.full((4, 4), 70_000, np.int32), "I"), "TIFF"), "32-bit integers"),
        (bomb(50_000), "decompression bomb"),  # Pillow's error …
        (bomb(10_000), "decompression bomb"),  # … and between once and twice its limit, where it only warns
    ],
)
def test_every_damage_is_a_reason(raw: bytes, reason: str, recwarn: pytest.WarningsRecorder) -> None:
    pictures = opened(raw)
    with pytest.raises(Unreadable, match=reason):
        pictures.header(0), pictures.read(0)
    assert not recwarn.list


@pytest.mark.parametrize("shape", [(40, 100), (100, 40)])
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_the_middle_is_kept(shape: tuple[int, int], channels: int) -> None:
    """The short side, 40, becomes 8, so a factor 5; of the long one the middle 40 of 100 stay: all white here."""
    pixels = np.zeros((*shape, channels), np.uint8)
    along = [slice(None), slice(None)]
    along[shape.index(100)] = slice(20, 80)
    pixels[tuple(along)] = 255
    out = fit(Picture(pixels), channels, (8, 8))
    assert out.shape == (channels, 8, 8)
    assert out.min() == 255
    wide = fit(Picture(pixels), channels, (shape[0] // 5, shape[1] // 5))  # the same shape: nothing is cut off
    assert wide.min() == 0


def test_shrinking_does_not_alias() -> None:
    """Stripes of one pixel, 0 and 255, shrunk sixfold, are grey (127.5 within 3); picking pixels gives 0 or 255."""
    stripes = np.zeros((96, 96, 1), np.uint8)
    stripes[:, ::2] = 255
    inner = fit(Picture(stripes), 1, (16, 16))[0, 2:-2, 2:-2].astype(int)
    assert abs(inner - 127.5).max() < 3


def test_colour_and_grey() -> None:
    """Pillow's luma: 0.299 R + 0.587 G + 0.114 B (ITU-R 601); pure green gives 0.587 · 255 = 149.7."""
    green = Picture(np.full((2, 2, 3), (0, 255, 0), np.uint8))
    assert set(fit(green, 1, (2, 2)).ravel()) == {150}
    assert fit(Picture(np.full((2, 2, 1), 7, np.uint8)), 3, (2, 2)).tolist() == [[[7, 7], [7, 7]]] * 3
    with pytest.raises(Unreadable, match="5 channels cannot become 3"):
        fit(Picture(np.zeros((2, 2, 5), np.uint8)), 3, (2, 2))


def test_the_suggested_size_is_a_power_of_two_that_nine_in_ten_reach() -> None:
    assert suggest_size(Counter({(200, 200): 1})) == 128
    assert suggest_size(Counter({(64, 90): 9, (20, 20): 1})) == 64
    assert suggest_size(Counter({(64, 90): 8, (20, 20): 2})) == 16
    assert suggest_size(Counter({(4000, 3000): 3})) == 256
    assert suggest_size(Counter({(4000, 3000): 3}), at_most=64) == 64
    assert suggest_size(Counter({(3, 3): 3})) == 8
