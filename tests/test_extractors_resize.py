"""The two filters against what they claim to equal: Pillow's in float, TensorFlow 1's as a loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image

from ganvas.evaluate.resizing import FILTERS, bicubic, tensorflow1_bilinear, to_rgb

SIZES = [(28, 28, 299), (32, 48, 224), (400, 300, 299), (299, 299, 224)]


@pytest.mark.parametrize(("height", "width", "side"), SIZES)
def test_bicubic_is_pillows_in_float(height: int, width: int, side: int):
    """clean-fid resizes each channel as a single float picture (mode F) by Pillow's bicubic and does not round; only
    the clamp to [0, 255] is ours, since overshoot is no grey level."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.float32)
    theirs = np.asarray(Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)).clip(0, 255)
    ours = bicubic(torch.from_numpy(noise)[None, None], (side, side))[0, 0].numpy()
    assert np.abs(ours - theirs).max() < 1e-3


def test_bicubic_without_antialiasing_would_be_another_filter():
    """The other side: the same call without `antialias` is off by tens of grey levels when shrinking noise."""
    noise = torch.rand(1, 1, 400, 300) * 255
    aliased = torch.nn.functional.interpolate(noise, (224, 224), mode="bicubic").clamp(0, 255)
    assert (aliased - bicubic(noise, (224, 224))).abs().max() > 20


def looped(image: np.ndarray, side: int) -> np.ndarray:
    """TensorFlow 1's `resize_bilinear(align_corners=False)` place by place."""
    height, width = image.shape
    out = np.empty((side, side))
    for i in range(side):
        for j in range(side):
            y, x = i * height / side, j * width / side
            top, left = math.floor(y), math.floor(x)
            below, right = min(top + 1, height - 1), min(left + 1, width - 1)
            upper = image[top, left] * (1 - (x - left)) + image[top, right] * (x - left)
            lower = image[below, left] * (1 - (x - left)) + image[below, right] * (x - left)
            out[i, j] = upper * (1 - (y - top)) + lower * (y - top)
    return out


@pytest.mark.parametrize(("height", "width", "side"), [(28, 28, 75), (7, 13, 50), (120, 90, 33), (1, 1, 5)])
def test_legacy_is_the_loop(height: int, width: int, side: int):
    image = np.random.default_rng(1).integers(0, 256, (height, width)).astype(np.float64)
    ours = tensorflow1_bilinear(torch.from_numpy(image).float()[None, None], (side, side))[0, 0].numpy()
    np.testing.assert_allclose(ours, looped(image, side), atol=1e-3)


def test_legacy_differs_from_torchs_bilinear_by_half_a_pixel():
    """A ramp 0, 1, … 9 doubled: TensorFlow 1 puts place 1 at source 0.5, torch at 0.25."""
    ramp = torch.arange(10.0).expand(1, 1, 10, 10)
    assert tensorflow1_bilinear(ramp, (20, 20))[0, 0, 0, 1] == 0.5
    assert torch.nn.functional.interpolate(ramp, (20, 20), mode="bilinear")[0, 0, 0, 1] == 0.25


@pytest.mark.parametrize("name", FILTERS)
def test_the_wanted_size_is_left_alone(name: str):
    images = torch.rand(2, 3, 17, 17) * 255
    assert torch.equal(FILTERS[name].apply(images, (17, 17)), images)
    assert FILTERS[name].apply(images, (9, 30)).shape == (2, 3, 9, 30)


def test_grey_becomes_three_and_opacity_lies_on_white():
    grey = torch.tensor([[[[7]]]], dtype=torch.uint8)
    assert to_rgb(grey)[0, :, 0, 0].tolist() == [7, 7, 7]
    half = torch.tensor([0, 51, 255, 51], dtype=torch.uint8).reshape(1, 4, 1, 1)  # a fifth opaque
    torch.testing.assert_close(to_rgb(half)[0, :, 0, 0], torch.tensor([204.0, 214.2, 255.0]))
